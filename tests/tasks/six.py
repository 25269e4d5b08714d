"""One small model of real flights for each task: the spec, the feature code, and what a good one is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from everfit.spec import ModelSpec

CODE = """
import numpy as np
import pandas as pd

INPUTS = ["carrier", "origin", "dest", "hour", "weekday", "distance", "gone"]

def rows(tables):
    flights = tables["flights"].copy()
    flights["time_hour"] = pd.to_datetime(flights["time_hour"], utc=True)
    flights["weekday"] = pd.to_datetime(flights[["year", "month", "day"]]).dt.weekday
    flights["gone"] = flights["dep_delay"]
    late = flights["arr_delay"]
    flights["is_late"] = (late > 15).astype(float).where(late.notna())
    flights["how_late"] = pd.cut(late, [-np.inf, 0, 45, np.inf], labels=["on time", "late", "very late"])
    flights["relevance"] = late.clip(0, 240)
    flights["day"] = flights["time_hour"].dt.date.astype(str) + flights["origin"]
    # nobody looked longer than four hours: a flight that was longer in the air was still up there
    flights["minutes"] = flights["air_time"].clip(upper=240)
    flights["landed"] = flights["air_time"] <= 240
    flights["miles"] = flights["distance"]
    return flights

def features(rows, history):
    made = rows[["hour", "weekday", "distance", "gone"]].copy()
    for name in ("carrier", "origin"):
        made[name] = rows[name].astype("category")
    return made
"""

TASKS: dict[str, dict[str, Any]] = {
    "binary": {"label": "is_late"},
    "multiclass": {"label": "how_late", "train": {"class_weights": {"very late": 2}}},
    "regression": {"label": "air_time", "train": {"half_life": 20}},
    "quantile": {"label": "air_time", "quantiles": [0.1, 0.5, 0.9]},
    "ranking": {"label": "relevance", "group": "day"},
    "survival": {"label": "minutes", "observed": "landed", "train": {"weight": "miles"}},
}
GATES: dict[str, list[Any]] = {
    "binary": [
        {"above_bar": {"metric": "auc", "at_least": 0.8}},
        {"beats_baseline": {"loss": "log_loss"}},
        {"not_worse_than_champion": {"loss": "log_loss", "margin": 0.05}},
    ],
    "multiclass": [
        {"above_bar": {"metric": "accuracy", "at_least": 0.7}},
        {"beats_baseline": {"loss": "log_loss"}},
        {"not_worse_than_champion": {"loss": "log_loss", "margin": 0.05}},
    ],
    "regression": [
        {"above_bar": {"metric": "r2", "at_least": 0.9}},
        {"beats_baseline": {"loss": "absolute"}},
        {"not_worse_than_champion": {"loss": "absolute", "margin": 1}},
    ],
    "quantile": [
        {"above_bar": {"metric": "coverage", "at_least": 0.6}},
        {"beats_baseline": {"loss": "pinball"}},
        {"not_worse_than_champion": {"loss": "pinball", "margin": 1}},
    ],
    "ranking": [
        {"above_bar": {"metric": "ndcg_at_10", "at_least": 0.75}},
        {"beats_baseline": {"loss": "ndcg_at_10_loss"}},
        {"not_worse_than_champion": {"loss": "ndcg_loss", "margin": 0.1}},
    ],
    "survival": [
        {"above_bar": {"metric": "concordance", "at_least": 0.85}},
        {"beats_baseline": {"loss": "aft_nloglik"}},
        {"not_worse_than_champion": {"loss": "aft_nloglik", "margin": 0.05}},
    ],
}


def spec_of(task: str, folder: Path, **changes: Any) -> ModelSpec:
    """The model of a task in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "features.py").write_text(CODE)
    given = TASKS[task] | changes
    train = {"params": {"rounds": 30, "max_depth": 4, "learning_rate": 0.2}} | given.pop("train", {})
    said = {
        "name": folder.name,
        "task": task,
        "time": "time_hour",
        "data": {"landing": "flights", "tables": {"flights": {"file": "flights.parquet"}}},
        "window": {"batches": 3, "holdout": 1, "at_least": 2},
        "train": train,
        "gates": ["answers_sanely", *GATES[task]],
        "folder": folder,
    }
    return ModelSpec(**(said | given))
