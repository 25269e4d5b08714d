"""The pictures of an evaluation: drawn for any holdout that has something to show, with the same bytes each time."""

import numpy as np
import pytest

from everfit.plots.evaluation import draw
from everfit.plots.holdout import Holdout
from everfit.statistics.truth import Truth

BINARY = {"roc.png", "calibration.png", "scores.png"}
REGRESSION = {"predicted_and_actual.png", "residuals_by_hour.png"}
OTHERS = {
    "multiclass": {"confusion.png", "class_shares.png"},
    "quantile": {"below.png", "bands.png"},
    "ranking": {"gain_by_place.png", "gain_by_group.png"},
    "survival": {"waiting.png", "predicted_and_waited.png"},
}


def holdout(task="binary", rows=400, champion=True, **changes):
    rng = np.random.default_rng(rows)
    y = rng.gamma(2, 30, rows) if task == "regression" else (np.arange(rows) % 3 == 0).astype(float)
    scores = {"candidate": rng.random(rows), "baseline": np.full(rows, 0.3)}
    if champion:
        scores["champion"] = rng.random(rows)
    made = {
        "task": task,
        "truth": Truth(y),
        "scores": scores,
        "days": rng.integers(0, 20, rows),
        "hours": rng.integers(0, 24, rows),
    }
    return Holdout(**(made | changes))


def other(task, rows=400, champion=True):
    """A holdout of one of the tasks that know more of a row than a number."""
    rng = np.random.default_rng(rows)
    y, columns, more = rng.gamma(2, 30, rows), (), {}
    if task == "multiclass":
        y, columns = (np.arange(rows) % 15).astype(float), tuple(f"class of rather long name {i}" for i in range(15))
    if task == "quantile":
        columns, more = ("0.05", "0.25", "0.5", "0.75", "0.95"), {"levels": (0.05, 0.25, 0.5, 0.75, 0.95)}
    if task == "ranking":
        more = {"groups": np.arange(rows) // 4}
    if task == "survival":
        more = {"observed": rng.random(rows) < 0.5}
    shape = (rows, len(columns)) if columns else (rows,)
    who = ("candidate", "baseline", *(["champion"] if champion else []))
    scores = {one: np.sort(rng.gamma(2, 30, shape), axis=-1) for one in who}
    return Holdout(task, Truth(y, **more), scores, rng.integers(0, 20, rows), rng.integers(0, 24, rows), columns)


@pytest.mark.parametrize("champion", [True, False])
@pytest.mark.parametrize("rows", [4, 400])
@pytest.mark.parametrize("task", OTHERS)
def test_the_other_tasks_have_theirs(task, rows, champion, tmp_path):
    drawn = draw(other(task, rows, champion), tmp_path / "one")
    assert {path.name for path in drawn} == OTHERS[task]
    again = draw(other(task, rows, champion), tmp_path / "two")
    assert [path.read_bytes() for path in drawn] == [path.read_bytes() for path in again]


@pytest.mark.parametrize("champion", [True, False])
@pytest.mark.parametrize(("task", "names"), [("binary", BINARY), ("regression", REGRESSION)])
def test_each_task_has_its_pictures(task, names, champion, tmp_path):
    drawn = draw(holdout(task, champion=champion), tmp_path)
    assert {path.name for path in drawn} == names
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)


def test_the_same_holdout_gives_the_same_bytes(tmp_path):
    one, two = draw(holdout(), tmp_path / "one"), draw(holdout(), tmp_path / "two")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_few_rows_are_drawn_too(task, tmp_path):
    assert draw(holdout(task, rows=4), tmp_path)


def test_rows_of_one_day_and_equal_scores_are_drawn_too(tmp_path):
    flat = {"candidate": np.full(400, 0.2), "baseline": np.full(400, 0.3)}
    assert draw(holdout(scores=flat, days=np.zeros(400, dtype=int)), tmp_path)
    assert draw(holdout(scores={"candidate": np.zeros(400)}), tmp_path)


def test_what_cannot_be_drawn_is_left_out(tmp_path):
    assert draw(holdout(truth=Truth(np.ones(400))), tmp_path) == []
    assert draw(holdout(scores={"candidate": np.full(400, np.nan)}), tmp_path) == []
    assert list(tmp_path.iterdir()) == []
