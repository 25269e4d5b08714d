"""What features did, summed up from Shapley values that a real model gave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from everfit.models import Explains, Terms, Training
from everfit.models.lightgbm import LightGBM
from everfit.models.rows import Rows
from everfit.models.xgboost import XGBoost
from everfit.statistics.contributions import Effect, effects

NAMES = ("up", "down", "kind", "noise", "idle")
CATEGORIES = ((), (), ("bad", "fair", "good"), (), ())


def learnt(algorithm, folder: Path) -> tuple[Explains, np.ndarray]:
    """A model of rows whose label rises with the first column, falls with the second, and hangs on the third."""
    random = np.random.default_rng(2)
    matrix = np.column_stack(
        [random.normal(size=4000), random.normal(size=4000), random.integers(0, 3, 4000), random.normal(size=4000)]
    )
    label = 2 * matrix[:, 0] - matrix[:, 1] + 3 * (matrix[:, 2] == 2) + random.normal(0, 0.2, 4000)
    matrix = np.column_stack([matrix, np.full(4000, 7.0)]).astype(np.float32)
    matrix[::50, 0] = np.nan
    rows = Rows(matrix, label.astype(np.float32))
    kinds = ["q", "q", "c", "q", "q"]
    trained = algorithm.fit(Training("regression", NAMES, kinds, rows, rows), Terms("cpu", 1, lambda _: None))
    (folder / algorithm.file).write_bytes(trained.model)
    scorer = algorithm.load(folder / algorithm.file)
    assert isinstance(scorer, Explains)
    return scorer, matrix


@pytest.mark.parametrize(
    "algorithm", [XGBoost(rounds=40, max_depth=4), LightGBM(rounds=60)], ids=["xgboost", "lightgbm"]
)
def test_the_truth_that_was_planted_is_told(algorithm, tmp_path: Path) -> None:
    scorer, matrix = learnt(algorithm, tmp_path)
    found = effects(scorer.contributions(matrix), matrix, scorer.importance(), NAMES, CATEGORIES)
    told = {one.name: one for one in found}
    assert [one.name for one in found][:2] in (["up", "kind"], ["kind", "up"])
    assert told["up"].direction > 0.95  # type: ignore[operator]
    assert told["down"].direction < -0.95  # type: ignore[operator]
    assert told["kind"].direction is None
    assert told["kind"].pushes[0][0] == "good"
    assert told["kind"].pushes[0][1] > 0 > told["kind"].pushes[-1][1]
    assert told["idle"].size == 0
    assert told["noise"].size < told["down"].size / 5
    assert sum(one.gain for one in found) == pytest.approx(1)
    assert all(sum(bin_.rows for bin_ in one.bins) == len(matrix) for one in found)


def test_several_answers_are_added_up() -> None:
    made = np.stack([np.full((30, 2), 1.0), np.full((30, 2), -3.0)], axis=1)
    found = effects(made, np.zeros((30, 2), np.float32), np.array([0.5, 0.5]), ["a", "b"], [(), ()])
    assert found == (Effect("a", 4.0, 0.5, None, ()), Effect("b", 4.0, 0.5, None, ()))


def test_nothing_is_something_that_can_be_drawn() -> None:
    (found,) = effects(np.zeros((30, 1, 1)), np.ones((30, 1), np.float32), np.array([0.0]), ["a"], [()])
    assert (found.size, found.direction, sum(bin_.rows for bin_ in found.bins)) == (0, None, 30)
    missing = np.full((30, 1), np.nan, np.float32)
    (blank,) = effects(np.ones((30, 1, 1)), missing, np.array([1.0]), ["a"], [()])
    assert (blank.direction, {bin_.rank for bin_ in blank.bins}) == (None, {None})


def test_the_order_of_rows_does_not_matter() -> None:
    random = np.random.default_rng(4)
    made, matrix = random.normal(size=(500, 1, 3)), random.normal(size=(500, 3)).astype(np.float32)
    order = random.permutation(500)
    gain = np.array([0.2, 0.3, 0.5])
    one, two = (effects(made[o], matrix[o], gain, list("abc"), [()] * 3) for o in (slice(None), order))
    for a, b in zip(one, two, strict=True):
        assert (a.name, a.direction) == (b.name, b.direction)
        assert [x.rows for x in a.bins] == [x.rows for x in b.bins]
        assert a.size == pytest.approx(b.size)
