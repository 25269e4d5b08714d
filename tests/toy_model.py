"""A tiny but real model: a booster, feature code and a history table, in a folder as training leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from everfit.features import Columns, Inputs, Ranges, load_code, sum_up
from everfit.models import Rows, Terms, Training
from everfit.models.xgboost import XGBoost
from everfit.predictor import Card, Policy, write_model_folder
from everfit.predictor.policy import files
from everfit.registry import MlflowRegistry
from everfit.spec import AnswersSpec
from everfit.values import Candidate, ModelVersion

CODE = """
import pandas as pd

INPUTS = ["hour", "carrier", "leaves"]

def history(rows):
    return {"carriers": rows.groupby("carrier", as_index=False)["late"].mean()}

def features(rows, history):
    known = history["carriers"].set_index("carrier")["late"]
    return pd.DataFrame({
        "hour": rows["hour"], "carrier": rows["carrier"], "usually": rows["carrier"].map(known),
        "month": rows["leaves"].dt.month,
    })
"""
ROWS: tuple[Mapping[str, Any], ...] = (
    {"hour": 6, "carrier": "UA", "leaves": "2013-01-01T06:00:00Z"},
    {"hour": 21, "carrier": "AA", "leaves": "2013-07-04T21:00:00Z"},
    {"hour": None, "carrier": None, "leaves": None},
)


def toy_folder(
    folder: Path, seed: int = 0, model: str = "toy", code: str = CODE, answers: AnswersSpec | None = None
) -> Path:
    """Train on 200 random rows; another seed, another model. Without `answers` it is a folder of before there were any
    ranges: it answers to all that it can read."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "hour": random.integers(5, 24, 200),
            "carrier": random.choice(["UA", "AA", "DL"], 200),
            "leaves": pd.to_datetime("2013-01-01", utc=True) + pd.to_timedelta(random.integers(0, 360, 200), "D"),
        }
    )
    rows["late"] = (rows["hour"] + random.normal(0, 4, 200) > 15).astype(float)
    folder.mkdir(parents=True)
    (folder / "code.py").write_text(code)
    feature_code = load_code(folder / "code.py")
    inputs, history = Inputs.learn(rows, feature_code.inputs), feature_code.history(rows)
    made = feature_code.features(inputs.read(rows), history)
    columns = Columns.learn(made)
    part = Rows(columns.encode(made), rows["late"].to_numpy("float32"))
    training = Training("binary", columns.names, columns.kinds, part, part)
    trained = XGBoost(rounds=3, max_depth=2).fit(training, Terms("cpu", seed, lambda _: None))
    said = {"task": "binary", "label": "late", "algorithm": "xgboost", "params": {"rounds": 3}, "snapshot": "5nap5h0t"}
    card = Card(
        **{**said, "model": model, "seed": seed, "code": feature_code.sha256, "inputs": inputs, "columns": columns},
        history=tuple(history),
        libraries={},
    )
    ranges = Ranges.merged([sum_up(inputs, inputs.read(rows))]) if answers else None
    beside = files(Policy.of(answers or AnswersSpec()), ranges)
    return write_model_folder(folder / "model", card, trained.model, feature_code, history, beside)


def publish(registry: MlflowRegistry, folder: Path, model: str, run: str) -> ModelVersion:
    """Log a model folder under a run and register it."""
    import pandas as pd

    with registry.run(model, run, run) as opened:
        files = registry.log_model(opened, folder, pd.DataFrame(ROWS))
    return registry.register(Candidate(model, run, opened.id, "5nap5h0t", files, "cpu", 0.1), {})
