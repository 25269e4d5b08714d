"""Many slices at once: each equal to what it would be alone, and both answers about all of them rarely wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.statistics.discoveries import holm
from everfit.statistics.interval import estimate, mean
from everfit.statistics.slices import Means, Sums, by_code, by_mask, hold, means, together

RUNS = 10_000
ALLOWED = 0.05 + 2 * np.sqrt(0.05 * 0.95 / RUNS)


def made(seed, rows=2000, days=25, slices=8):
    rng = np.random.default_rng(seed)
    day = rng.integers(0, days, rows)
    return rng.normal(0, 1, rows) + rng.normal(0, 0.5, days)[day], day, rng.integers(-1, slices, rows)


@pytest.mark.parametrize("seed", range(5))
def test_each_slice_is_as_it_would_be_alone(seed):
    values, day, code = made(seed)
    found = means(by_code(values, day, code, 8))
    for one in range(8):
        alone = estimate(mean(values[code == one]), day[code == one])
        assert (found.value[one], found.error[one], found.freedom[one]) == pytest.approx(
            (alone.value, alone.error, alone.freedom), rel=1e-9
        )
        assert (found.rows[one], found.clusters[one]) == (alone.rows, alone.clusters)
        assert found.value[one] - found.reach(0.95)[one] == pytest.approx(alone.low, rel=1e-9)
        assert found.above(0.1)[one] == pytest.approx(alone.p(0.1, above=True), rel=1e-9)
        assert found.below(0.1)[one] == pytest.approx(alone.p(0.1, above=False), rel=1e-9)


def test_codes_and_masks_say_the_same_in_any_order_of_rows():
    values, day, code = made(9)
    order = np.random.default_rng(9).permutation(len(day))
    one = means(by_code(values, day, code, 8))
    two = means(by_mask(values[order], 100 - day[order], [code[order] == which for which in range(8)]))
    assert two.value == pytest.approx(one.value)
    assert two.error == pytest.approx(one.error)
    both = together([by_code(values, day, code, 8), by_mask(values, day, [code == 3])])
    assert means(both).error[8] == pytest.approx(one.error[3])


def test_a_slice_of_no_rows_or_one_day_is_not_enough_and_says_nothing():
    values, day, _ = made(3)
    found = means(by_mask(values, day, [day == 4, day < 0, day >= 0]))
    assert found.enough().tolist() == [False, False, True]
    assert found.above(-100.0)[:2].tolist() == [1.0, 1.0]
    assert np.isnan(found.error[:2]).all()


def test_what_never_varies_is_sure():
    day = np.repeat(np.arange(12), 20)
    found = means(by_code(np.full(240, 0.25), day, np.zeros(240, dtype=int), 1))
    assert (found.above(0.2)[0], found.below(0.2)[0]) == (0.0, 1.0)
    assert (found.above(0.25)[0], found.below(0.25)[0]) == (1.0, 1.0)


def test_holm_on_the_p_values_of_benjamini_and_hochberg():
    """Their fifteen (1995, section 3.1), of which Bonferroni's method, and so Holm's first step, rejects three."""
    chances = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528]
    chances += [0.7590, 1.0]
    levels = holm(chances, 0.05)
    assert levels[:4] == pytest.approx([0.05 / 15, 0.05 / 14, 0.05 / 13, 0.05 / 12])
    assert [p <= level for p, level in zip(chances, levels, strict=True)].count(True) == 3
    assert set(levels[3:]) == {0.05 / 12}


finite = st.floats(-5, 5)


@given(st.lists(st.tuples(finite, st.floats(0.01, 3), st.floats(4, 100)), min_size=1, max_size=20), finite, finite)
def test_a_slice_is_on_a_side_if_its_interval_is_and_a_higher_bar_is_easier(slices, bar, other):
    value, error, freedom = np.array(slices).T
    many = np.full(len(value), 100)
    found = Means(value, error, freedom, many, many)
    low, high = (hold(found, one) for one in sorted((bar, other)))
    for held, at in ((low, min(bar, other)), (high, max(bar, other))):
        clear = np.minimum(np.abs(held.low - at), np.abs(held.high - at)) > 1e-9
        assert ((held.low >= at) == held.above)[clear].all()
        assert ((held.high < at) == held.below)[clear].all()
        assert not (held.above & held.below).any()
    assert not (low.below & ~high.below).any()
    assert not (high.above & ~low.above).any()


def draw(rng, runs, slices, days, harm):
    """Sums of slices of unequal size whose days have effects of their own and in common, around a true mean."""
    count = rng.poisson(rng.gamma(4, 10, (runs, slices, 1)), (runs, slices, days)).astype(float)
    of_day = rng.normal(0, 0.15, (runs, 1, days)) + rng.normal(0, 0.15, (runs, slices, days))
    total = count * (of_day + harm) + rng.normal(0, 1, count.shape) * np.sqrt(count)
    return means(Sums(count.reshape(-1, days), total.reshape(-1, days)))


def split(found, runs, slices):
    """The means of each run by itself, only what is enough."""
    enough = found.enough()
    for run in range(runs):
        mine = np.zeros(len(enough), dtype=bool)
        mine[run * slices : (run + 1) * slices] = enough[run * slices : (run + 1) * slices]
        yield found.at(mine)


@pytest.mark.parametrize(("slices", "days"), [(1, 14), (10, 14), (50, 30)])
def test_where_no_slice_is_above_the_bar_any_seems_so_once_in_twenty(slices, days):
    """10,000 holdouts in which every slice is exactly at the bar, the worst that there is without harm."""
    rng, wrong, at_once = np.random.default_rng([slices, days]), 0, 500
    for _ in range(RUNS // at_once):
        found = draw(rng, at_once, slices, days, 0.3)
        wrong += sum(bool(len(one.value) and hold(one, 0.3).above.any()) for one in split(found, at_once, slices))
    assert wrong / RUNS < ALLOWED
    assert wrong / RUNS > 0.02  # it is not safe by never saying so


@pytest.mark.parametrize(("slices", "days"), [(1, 14), (10, 14), (50, 30)])
def test_where_one_slice_is_at_the_bar_all_seem_below_once_in_twenty(slices, days):
    """10,000 holdouts in which one slice is exactly at the bar and the others far below."""
    rng, wrong, judged, at_once = np.random.default_rng([1, slices, days]), 0, 0, 500
    harm = np.where(np.arange(slices) == 0, 0.3, -5.0)[:, None]
    for _ in range(RUNS // at_once):
        found = draw(rng, at_once, slices, days, harm)
        for one in split(found, at_once, slices):
            if len(one.value) == slices:
                judged += 1
                wrong += bool(hold(one, 0.3).below.all())
    assert judged > 0.9 * RUNS
    assert wrong / judged < 0.05 + 2 * np.sqrt(0.05 * 0.95 / judged)
    assert wrong / judged > 0.03


def test_testing_each_slice_at_the_full_level_would_break_the_promise():
    rng = np.random.default_rng(8)
    found = draw(rng, 500, 10, 30, 0.3)
    assert sum(bool((one.above(0.3) <= 0.05).any()) for one in split(found, 500, 10)) / 500 > 0.3
