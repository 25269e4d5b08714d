"""Parts of a change: exact where the answer is known, and true to their level."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.statistics.decay.columns import Column
from everfit.statistics.decay.parts import change, forecast, parts, shared, worth
from everfit.statistics.decay.places import places
from everfit.statistics.decay.ratios import Ratios, ratios
from everfit.statistics.interval import Estimate
from tests.nulls import draws

SIZE = 3000
WINDOW = np.arange(2 * SIZE) >= SIZE
DAYS = np.repeat(np.arange(40), 2 * SIZE // 40)
UNKNOWN = Estimate(0.5, 0.4, 0.6, 1, 1, 1.0, 0.1)


def given_ratios(label, covariate):
    return Ratios(label, covariate, UNKNOWN)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_parts_add_up_whatever_the_ratios_are(seed):
    random = np.random.default_rng(seed)
    losses = random.exponential(size=2 * SIZE)
    label, covariate = random.normal(size=(2, 2 * SIZE))
    bug = random.normal(size=2 * SIZE) if seed % 2 else None
    found = parts(losses, WINDOW, DAYS, given_ratios(label, covariate), bug)
    whole = losses[WINDOW].mean() - losses[~WINDOW].mean()
    assert change(losses, WINDOW).value == pytest.approx(whole)
    assert sum(part.loss.value for part in found) == pytest.approx(whole)


def test_with_true_ratios_a_shift_has_no_concept_in_it():
    random = np.random.default_rng(1)
    off = []
    for _ in range(draws(100)):
        x = np.concatenate([random.normal(size=SIZE), random.normal(1.0, 1.0, SIZE)])
        losses = x**2 + random.normal(size=2 * SIZE)
        found = parts(losses, WINDOW, np.arange(2 * SIZE), given_ratios(np.zeros(2 * SIZE), x - 0.5))
        _, covariate, concept = (part.loss for part in found)
        off.append(concept.value / concept.error)
        assert covariate.value == pytest.approx(1.0, abs=0.5)
    assert np.mean(off) == pytest.approx(0, abs=0.35)
    assert np.std(off) == pytest.approx(1, abs=0.25)


def test_who_did_not_move_gets_nothing_and_two_share_by_what_each_adds():
    random = np.random.default_rng(2)
    y = np.concatenate([random.random(SIZE) < 0.3, random.random(SIZE) < 0.6])
    x = np.concatenate([random.normal(size=SIZE), random.normal(0.7, 1, SIZE)])
    losses = 2.0 * y + x + 5
    label = np.where(y, np.log(2), np.log(4 / 7))
    column = 0.7 * x - 0.245
    nothing = np.zeros(2 * SIZE)
    both = {part.name: part.loss.value for part in parts(losses, WINDOW, DAYS, given_ratios(label, column))}
    assert both["label_shift"] == pytest.approx(0.6, abs=0.1)
    assert both["covariate_shift"] == pytest.approx(0.7, abs=0.1)
    assert both["concept_change"] == pytest.approx(0, abs=0.1)
    one = {part.name: part.loss.value for part in parts(losses, WINDOW, DAYS, given_ratios(label, nothing))}
    assert one["covariate_shift"] == 0


def test_a_forecast_from_reweighing_is_what_comes():
    random = np.random.default_rng(3)
    x = np.concatenate([random.normal(size=SIZE), random.normal(0.5, 1, SIZE)])
    losses = np.where(WINDOW, np.nan, x**2)
    assert forecast(losses, WINDOW, 0.5 * x - 0.125).value == pytest.approx(0.25, abs=0.1)


def test_shared_ground_is_worth_less_the_farther_windows_are_apart():
    nothing = np.zeros(2 * SIZE)
    x = np.concatenate([np.linspace(-3, 3, SIZE), np.linspace(-2, 4, SIZE)])
    assert worth(WINDOW, nothing) == pytest.approx(1)
    assert 1 > worth(WINDOW, x) > worth(WINDOW, 3 * x)
    assert shared(x, WINDOW, nothing).value == pytest.approx(1.0)


def test_ratios_take_the_fewest_shifts_that_suffice():
    random = np.random.default_rng(4)

    def rows(share, middle):
        y = (random.random(SIZE) < share).astype(np.int64)
        x = random.normal(size=(SIZE, 2)) + np.column_stack([1.5 * y, np.full(SIZE, middle)])
        return y, x, 1 / (1 + np.exp(-1.5 * x[:, 0]))

    def split(share, middle):
        old, new = rows(0.3, 0.0), rows(share, middle)
        y, x, scores = (np.concatenate(pair) for pair in zip(old, new, strict=True))
        found = ratios(x.astype(np.float32), WINDOW, DAYS, y, scores)
        return bool(found.label.any()), bool(found.covariate.any())

    assert split(0.3, 0.0) == (False, False)
    assert split(0.6, 0.0) == (True, False)
    assert split(0.3, 1.0) == (False, True)
    assert split(0.6, 1.0) == (True, True)


def test_rows_of_a_name_that_never_was_are_the_worst_slice():
    """What moved is told by column, and what is new in it is the worst slice."""
    random = np.random.default_rng(5)
    old, new = random.normal(size=500), random.normal(0.5, 1, size=400)
    lost = random.exponential(size=500), 0.3 + random.exponential(size=400)
    kinds = random.integers(0, 3, 500).astype(float), random.integers(0, 4, 400).astype(float)
    names = ("a", "b", "c")
    columns = (
        [Column("x", old), Column("kind", kinds[0], names)],
        [Column("x", new), Column("kind", kinds[1], (*names, "d"))],
    )
    lost[1][kinds[1] == 3] += 2.0
    features, found = places(*columns, lost, top=100)
    assert [feature.name for feature in features] == ["x", "kind"]
    assert (found[0].column, found[0].value, found[0].share_before, found[0].loss_before) == (
        "kind",
        "a new value",
        0,
        None,
    )
    assert found[0].excess > 0.3
    assert all(one.excess >= other.excess for one, other in pairwise(found))
