"""The pictures of an evaluation: drawn for any holdout that has something to show, with the same bytes each time."""

import numpy as np
import pytest

from everfit.plots.evaluation import draw
from everfit.plots.holdout import Holdout
from everfit.statistics.truth import Truth

BINARY = {"roc.png", "calibration.png", "scores.png"}
REGRESSION = {"predicted_and_actual.png", "residuals_by_hour.png"}


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
