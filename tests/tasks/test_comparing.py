"""Candidate and champion that do not answer the same classes, quantiles or question."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from everfit.errors import SpecError
from everfit.features import Inputs
from everfit.gates import Evidence
from everfit.predictor import Predictor
from everfit.steps.champion import Champion, _check_task
from everfit.steps.comparing import gather
from everfit.steps.feature_table import BATCH, LABEL, TIME, FeatureTable
from tests.tasks.six import spec_of

DAYS = pd.date_range("2013-03-01", periods=12, freq="D", tz="UTC")


class Fixed:
    """A predictor that always says the same."""

    def __init__(self, columns: Sequence[str], answer: Sequence[float], task: str = "multiclass") -> None:
        self.card = type("Card", (), {"scores": tuple(columns), "task": task})()
        self.answer = np.array(answer)

    def score(self, features: pd.DataFrame) -> Any:
        return np.tile(self.answer, (len(features), 1))


def gathered(
    task: str, root: Path, candidate: Fixed, champion: Champion, raw: pd.DataFrame, table: FeatureTable, **spec: Any
) -> Evidence:
    made = spec_of(task, root / "flights", **spec)
    return gather(made, table, table, cast(Predictor, candidate), champion, [raw])


def test_classes_are_compared_on_all_that_anybody_knows(tmp_path: Path) -> None:
    """Training knew a and b; the champion b and c; the holdout has a d that nobody knows."""
    names = np.resize(["a", "b", "c", "d"], 12)
    frame = pd.DataFrame({LABEL: np.resize([0.0, 1.0, 2.0, 3.0], 12), TIME: DAYS, BATCH: "2013-03", "x": 1.0})
    table = FeatureTable(frame, Inputs(()), pd.DataFrame(), classes=("a", "b"), strangers=("c", "d"))
    raw = pd.DataFrame({"how_late": names, "time_hour": DAYS})
    champion = Champion(1, np.tile([0.6, 0.4], (12, 1)), ("b", "c"))
    found = gathered("multiclass", tmp_path, Fixed(("a", "b"), [0.3, 0.7]), champion, raw, table)
    assert found.columns == ("a", "b", "c", "d")
    assert found.y.tolist()[:4] == [0, 1, 2, 3]
    assert found.candidate[0].tolist() == [0.3, 0.7, 0, 0]
    assert found.champion is not None
    assert found.champion[0].tolist() == [0, 0.6, 0.4, 0]


def test_unlabelled_rows_of_the_champion_are_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({LABEL: np.resize([0.0, 1.0], 12), TIME: DAYS, BATCH: "2013-03", "x": 1.0})
    table = FeatureTable(frame, Inputs(()), pd.DataFrame(), classes=("a", "b"))
    raw = pd.DataFrame({"how_late": [None, *np.resize(["a", "b"], 12)], "time_hour": [DAYS[0], *DAYS]})
    scores = np.column_stack([np.arange(13), -np.arange(13)]).astype(float)
    found = gathered("multiclass", tmp_path, Fixed(("a", "b"), [0.3, 0.7]), Champion(1, scores, ("a", "b")), raw, table)
    assert found.champion is not None
    assert found.champion[:, 0].tolist() == list(range(1, 13))


def quantiles(levels: Sequence[str], root: Path) -> Evidence:
    frame = pd.DataFrame({LABEL: np.arange(12.0), TIME: DAYS, BATCH: "2013-03", "x": 1.0})
    table, raw = (
        FeatureTable(frame, Inputs(()), pd.DataFrame()),
        pd.DataFrame({"air_time": np.arange(12.0), "time_hour": DAYS}),
    )
    champion = Champion(4, np.tile(np.arange(len(levels), dtype=float), (12, 1)), tuple(levels))
    ours = Fixed(("0.1", "0.5", "0.9"), [1, 2, 3], "quantile")
    return gathered("quantile", root, ours, champion, raw, table)


def test_quantiles_are_compared_where_both_have_them(tmp_path: Path) -> None:
    found = quantiles(("0.25", "0.5", "0.9"), tmp_path)
    assert found.columns == ("0.5", "0.9")
    assert found.truth.levels == (0.5, 0.9)
    assert found.candidate[0].tolist() == [2, 3]
    assert found.champion is not None
    assert found.champion[0].tolist() == [1, 2]
    assert found.baseline[0].tolist() == pytest.approx([5.5, 9.9])


def test_quantiles_that_have_nothing_in_common_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"champion 4 predicts the quantiles 0.25, 0.75, the candidate 0.1, 0.5, 0.9"):
        quantiles(("0.25", "0.75"), tmp_path)


def test_a_champion_of_another_task_cannot_be_compared(tmp_path: Path) -> None:
    spec = spec_of("multiclass", tmp_path / "flights")
    with pytest.raises(SpecError, match="champion 7 is a binary model and the spec asks for multiclass"):
        _check_task(spec, cast(Predictor, Fixed((), [0.5], "binary")), 7)
