"""The short way to an answer: taken where it proved equal to the long one, and given up where it did not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from everfit.features.plain import Unsure
from everfit.models import Compiled
from everfit.predictor import Predictor, apart, way_of
from tests.toy_model import CODE, ROWS, toy_folder

AS_GIVEN = """
from everfit.features import as_given as features

INPUTS = ["hour", "carrier"]
"""
BY_ROW = f"""{CODE}

def row_features(history):
    known = history["carriers"].set_index("carrier")["late"].to_dict()

    def one_row(row):
        usually, leaves = known.get(row["carrier"]), row["leaves"]
        return {{"hour": row["hour"], "carrier": row["carrier"], "usually": usually, "month": leaves and leaves.month}}

    return one_row
"""


def predictor(folder: Path, code: str) -> Predictor:
    return Predictor.load(toy_folder(folder / "toy", code=code))


@pytest.mark.parametrize(("code", "how"), [(AS_GIVEN, "features as given"), (BY_ROW, "features from row_features()")])
def test_the_short_way_answers_as_the_long_one(code: str, how: str, tmp_path: Path) -> None:
    model = predictor(tmp_path, code)
    way = way_of(model)
    assert (way.words, way.problem) == (f"{how}, scores from ONNX Runtime", "")
    assert way.quick is not None
    assert 0 < way.quick.seconds < 0.1
    for rows in (ROWS, ROWS[:1], ROWS * 50):  # few, one, and so many that the library answers
        assert not apart(way.quick.answers(rows), model.answers(pd.DataFrame(rows)))
    with pytest.raises(Unsure, match="pandas has to look"):
        way.quick.answers([{**ROWS[0], "hour": "early"}])


def test_without_row_features_pandas_makes_them(tmp_path: Path) -> None:
    way = way_of(predictor(tmp_path, CODE))
    assert (way.quick, way.problem) == (None, "")
    assert "no row_features()" in way.words


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("leaves.month", "leaves.day", "row_features() makes 'month'"),
        ("leaves and leaves.month", "leaves.month", "row_features() failed with AttributeError"),
        ("known.get(row", "known.get(row['carrier'] and 'UA' or row", "row_features() makes 'usually'"),
    ],
)
def test_row_features_that_differ_are_not_used(right: str, wrong: str, said: str, tmp_path: Path) -> None:
    way = way_of(predictor(tmp_path, BY_ROW.replace(right, wrong)))
    assert way.quick is None
    assert said in way.problem


@dataclass(frozen=True)
class Off:
    """A scorer whose compiled twin is off by a share."""

    scorer: Any
    share: float

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        return self.scorer.predict(matrix)

    def compiled(self) -> Compiled:
        found = self.scorer.compiled()
        return replace(found, scorer=Scaled(found.scorer, 1 + self.share))


@dataclass(frozen=True)
class Scaled:
    scorer: Any
    by: float

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        return self.scorer.predict(matrix) * self.by


@pytest.mark.parametrize(("share", "used"), [(1e-8, True), (1e-5, False)])
def test_a_runtime_that_scores_otherwise_is_not_used(share: float, used: bool, tmp_path: Path) -> None:
    model = predictor(tmp_path, AS_GIVEN)
    way = way_of(replace(model, scorer=Off(model.scorer, share)))
    assert ("ONNX" in way.words, "scores otherwise" in way.problem) == (used, not used)
    assert way.quick is not None  # the library answers in its place, still without pandas
    assert apart(way.quick.answers(ROWS), model.answers(pd.DataFrame(ROWS))) is False


def test_answers_of_several_numbers_are_compared_each() -> None:
    one = [{"late": 0.2, "on time": 0.8}]
    assert not apart(one, [{"late": 0.2 + 1e-8, "on time": 0.8}])
    assert apart(one, [{"late": 0.2001, "on time": 0.8}])
