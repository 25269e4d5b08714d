"""What labels can be, and which of them nobody can learn from: said before training costs anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from everfit.errors import DataError, NotEnoughData, SpecError
from everfit.features import FeatureCode, Inputs
from everfit.spec import ModelSpec
from everfit.steps.feature_table import BATCH, GROUP, LABEL, OBSERVED, FeatureTable
from everfit.steps.labels import check_columns, classes_of, labels, learnable_rows, truths
from everfit.steps.learnable import check_learnable
from tests.tasks.six import spec_of

TIMES = pd.date_range("2013-01-01", periods=6, tz="UTC")


@pytest.fixture
def spec(tmp_path: Path) -> Any:
    def make(task: str, **more: Any) -> ModelSpec:
        return spec_of(task, tmp_path / "flights", **more)

    return make


def rows(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"time_hour": TIMES, **columns})


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["b", "a", None], ["b", "a", None]),
        (pd.Categorical(["b", "a", None]), ["b", "a", None]),
        ([2, 1, 1], ["2", "1", "1"]),
        ([2.0, np.nan, 10.0], ["2", None, "10"]),
        ([True, False, True], ["True", "False", "True"]),
        (pd.Categorical([3, 1, None]), ["3", "1", None]),
        (["1", 2, None], ["1", "2", None]),
    ],
)
def test_a_class_is_text_or_a_whole_number(values: Any, names: list[str | None], spec: Any) -> None:
    found = labels(spec("multiclass"), pd.DataFrame({"how_late": values}))
    assert [None if pd.isna(one) else one for one in found] == names


@pytest.mark.parametrize(("values", "says"), [([1.5, 2.0], "is 1.5; a class is"), ([("a",), "b"], "a class is text")])
def test_anything_else_is_no_class(values: Any, says: str, spec: Any) -> None:
    with pytest.raises(DataError, match=says):
        labels(spec("multiclass"), pd.DataFrame({"how_late": values}))


def test_classes_are_in_order_of_number_or_of_text() -> None:
    assert classes_of(pd.Series(["10", "-1", "9"])) == ("-1", "9", "10")
    assert classes_of(pd.Series(["b", "10", "a", None])) == ("10", "a", "b")


def test_groups_lie_side_by_side_and_rows_keep_their_order_in_them(spec: Any) -> None:
    frame = rows(relevance=[1.0, 2, 3, None, 5, 6], day=["a", "b", "a", "a", "b", "a"])
    truth = truths(spec("ranking"), frame)
    places = learnable_rows(spec("ranking"), truth)
    assert places.tolist() == [0, 2, 5, 1, 4]
    assert truth[GROUP].iloc[places].tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("task", "columns", "says"),
    [
        ("ranking", {"relevance": [1.0] * 6, "day": ["a", None] * 3}, "'day', the spec's group, is missing in 3 of 6"),
        (
            "survival",
            {"minutes": [1.0] * 6, "landed": [True, None] * 3, "miles": 1.0},
            "the spec's observed, is missing",
        ),
        ("survival", {"minutes": [1.0] * 6, "landed": [1, 2] * 3, "miles": 1.0}, "so 2 is no answer"),
        (
            "survival",
            {"minutes": [1.0] * 6, "landed": True, "miles": [-1.0] * 6},
            "the weight 'miles' is -1 in one of 6 rows",
        ),
        ("survival", {"minutes": [1.0] * 6, "landed": True, "miles": ["x"] * 6}, "the weight 'miles' must be a number"),
        ("survival", {"minutes": [1.0] * 6, "landed": True, "miles": 0.0}, "'miles' is 0 in every row"),
    ],
)
def test_what_a_labelled_row_must_have(task: str, columns: dict[str, Any], says: str, spec: Any) -> None:
    with pytest.raises(DataError, match=says):
        truths(spec(task), rows(**columns))


def test_a_row_without_a_label_may_lack_the_rest(spec: Any) -> None:
    frame = rows(minutes=[1.0, None] * 3, landed=[True, None] * 3, miles=[2.0, None] * 3)
    truth = truths(spec("survival"), frame)
    assert learnable_rows(spec("survival"), truth).tolist() == [0, 2, 4]
    assert truth[OBSERVED].tolist() == [True, False] * 3


@pytest.mark.parametrize(
    ("task", "gone", "says"),
    [
        ("ranking", "day", "no column 'day', which the spec names as its group"),
        ("survival", "landed", "no column 'landed', which the spec names as its observed"),
        ("survival", "miles", "no column 'miles', which the spec names as its train.weight"),
    ],
)
def test_a_column_that_rows_does_not_make(task: str, gone: str, says: str, spec: Any) -> None:
    frame = rows(relevance=1, day="a", minutes=1, landed=True, miles=1).drop(columns=gone)
    code = cast(FeatureCode, SimpleNamespace(path="features.py", inputs=()))
    with pytest.raises(SpecError, match=says):
        check_columns(spec(task), code, frame)


def test_whether_the_event_came_is_no_input(spec: Any) -> None:
    code = cast(FeatureCode, SimpleNamespace(path="features.py", inputs=("landed",)))
    with pytest.raises(SpecError, match=r"the observed 'landed' is among INPUTS; no caller can know it"):
        check_columns(spec("survival"), code, rows(minutes=1, landed=True, miles=1))


def table(label: Any, count: int = 40, **more: Any) -> FeatureTable:
    frame = pd.DataFrame({LABEL: np.resize(np.asarray(label, dtype=float), count), BATCH: "2013-01", **more})
    return FeatureTable(frame, Inputs(()), pd.DataFrame())


GROUPS = {GROUP: np.arange(40) // 4}
EVENTS = {OBSERVED: np.arange(40) % 2 == 0}


@pytest.mark.parametrize(
    ("task", "good", "bad", "says"),
    [
        ("binary", table([0, 1]), table([0, 2]), "of a binary task is 0 or 1, not 2"),
        ("binary", table([0, 1]), table([1]), "the label 'is_late' is 1 in all 40 rows"),
        ("regression", table([1, 2]), table([5]), "is 5 in all 40 rows"),
        (
            "multiclass",
            replace(table([0, 1]), classes=("a", "b")),
            replace(table([1]), classes=("a", "b")),
            "is b in all",
        ),
        ("ranking", table([0, 1], **GROUPS), table([0, -1], **GROUPS), "at least 0, the relevance, not -1"),
        ("ranking", table([0, 1], **GROUPS), table([0, 1], **{GROUP: np.arange(40)}), "no group .* no order to find"),
        ("survival", table([1, 2], **EVENTS), table([1, 0], **EVENTS), "above 0, a time to wait, not 0"),
        ("survival", table([1, 2], **EVENTS), table([1, 2], **{OBSERVED: False}), "no event came"),
    ],
)
def test_what_cannot_end_well_is_refused(
    task: str, good: FeatureTable, bad: FeatureTable, says: str, spec: Any
) -> None:
    made = spec(task)
    check_learnable(made, good, good)
    with pytest.raises(DataError, match=says):
        check_learnable(made, bad, good)
    with pytest.raises(DataError, match=says):
        check_learnable(made, good, bad)


def test_too_few_rows_and_too_many_classes(spec: Any) -> None:
    with pytest.raises(NotEnoughData, match=r"29 labelled rows to learn from"):
        check_learnable(spec("regression"), table([1, 2], 29), table([1, 2]))
    many = replace(table(np.arange(1500), 1500), classes=tuple(map(str, range(1500))))
    with pytest.raises(DataError, match=r"has 1,500 classes.*is it an id"):
        check_learnable(spec("multiclass"), many, many)
