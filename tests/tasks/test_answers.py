"""An answer of several numbers on its way: put on trial, counted, kept, and put in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from everfit.errors import Corrupted, DeployError
from everfit.features import Columns, Inputs, load_code
from everfit.models import Rows, Terms, Training
from everfit.models.xgboost import XGBoost
from everfit.ports import Ports
from everfit.predictions import Prediction
from everfit.predictor import Card, Predictor, write_model_folder
from everfit.serving.metrics import Metrics
from everfit.steps.trial import put_on_trial
from everfit.stores import LocalStore
from everfit.values import Answer

CODE = "INPUTS = ['x']\n\ndef features(rows, history):\n    return rows[['x']]\n"
OFFLINE = [{"late": 0.2, "on time": 0.8}, {"late": 0.5, "on time": 0.5}]


def trial(root: Path, answers: Sequence[Any], offline: Sequence[Any] = OFFLINE) -> Any:
    def predict(model: str, alias: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[Answer]]:
        return 1, list(answers)

    store = LocalStore(root / "store")
    (root / "sample.json").write_text(json.dumps({"rows": [{}] * len(offline), "scores": list(offline)}))
    file = store.put_file("sample.json", root / "sample.json")
    ports = cast(Ports, SimpleNamespace(store=store, target=SimpleNamespace(predict=predict)))
    return put_on_trial(ports, "shop", 1, file)


def test_the_worst_of_all_numbers_counts(tmp_path: Path) -> None:
    near = [OFFLINE[0], {"late": 0.5 + 5e-7, "on time": 0.5}]
    assert trial(tmp_path, near).largest_difference == pytest.approx(5e-7)


@pytest.mark.parametrize(
    "wrong",
    [
        {"late": 0.5, "on time": 0.6},
        {"on time": 0.5, "late": 0.5},
        {"late": 0.5},
        {"late": 0.5, "early": 0.5},
        {"late": float("nan"), "on time": 0.5},
        0.5,
    ],
)
def test_other_numbers_or_other_classes_fail(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="answers differently than offline: row 1"):
        trial(tmp_path, [OFFLINE[0], wrong])


@pytest.mark.parametrize("broken", ["x", None, {"late": None}, {"late": "x"}, [0.5]])
def test_a_sample_without_numbers_is_broken(broken: Any, tmp_path: Path) -> None:
    with pytest.raises(Corrupted, match="wanted one number per row, or one per class or quantile"):
        trial(tmp_path, OFFLINE, [OFFLINE[0], broken])


def test_rows_are_counted_once_and_numbers_each() -> None:
    metrics = Metrics()
    metrics.answered("shop", 1, "champion", OFFLINE)
    page = metrics.page({}).decode()
    assert 'everfit_rows_total{alias="champion",model="shop",version="1"} 2.0' in page
    assert 'everfit_score_count{model="shop",version="1"} 4.0' in page


def test_it_is_kept_as_it_was_said() -> None:
    kept = Prediction("a", datetime(2013, 1, 1, tzinfo=UTC), "shop", 1, "champion", [{}, {}], OFFLINE)
    assert Prediction.of(kept.line()) == kept


@pytest.mark.parametrize("quantiles", [(0.5,), (0.48, 0.5, 0.52)])
def test_quantiles_are_in_order_and_have_a_column_each(quantiles: tuple[float, ...], tmp_path: Path) -> None:
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.random(300)})
    (tmp_path / "features.py").write_text(CODE)
    code, columns = load_code(tmp_path / "features.py"), Columns.learn(frame)
    rows = Rows(columns.encode(frame), rng.normal(size=300).astype(np.float32))
    data = Training("quantile", columns.names, columns.kinds, rows, rows, quantiles=quantiles)
    algorithm = XGBoost(rounds=40, max_depth=6, min_child_weight=0)
    trained = algorithm.fit(data, Terms("cpu", 0, lambda _: None))
    card = Card(
        model="shop",
        task="quantile",
        label="y",
        algorithm="xgboost",
        params={},
        seed=0,
        snapshot="",
        code=code.sha256,
        inputs=Inputs.learn(frame, code.inputs),
        columns=columns,
        history=(),
        libraries={},
        quantiles=quantiles,
    )
    folder = write_model_folder(tmp_path / "model", card, trained.model, code, {})
    predictor = Predictor.load(folder)
    raw = predictor.scorer.predict(rows.matrix).reshape(300, -1)
    found = predictor.predict(frame)
    assert found.shape == (300, len(quantiles))
    assert (np.diff(found, axis=1) >= 0).all()
    assert (np.diff(raw, axis=1) < 0).any() == (len(quantiles) > 1)
    np.testing.assert_array_equal(found, np.sort(raw, axis=1))
    assert list(predictor.answers(frame)[0]) == [f"{level:g}" for level in quantiles]
    assert predictor.predict(frame.iloc[:0]).shape == (0, len(quantiles))
