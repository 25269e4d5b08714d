"""What a column held: every value is counted where it belongs, and batches add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from everfit.statistics.histogram import CHUNK, Bins

ANY = st.floats(allow_nan=True, allow_infinity=True, width=32)
COLUMNS = arrays(np.float32, st.integers(0, 200), elements=ANY)
FINITE = arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e6, 1e6))


def by_searching(bins, values):
    """The same counts by looking up each value's bin."""
    kept = values.astype(np.float64)[np.isfinite(values)]
    found = np.searchsorted(np.array(bins.edges), kept, side="right")
    return tuple(np.bincount(found, minlength=len(bins.places)).tolist())


@given(COLUMNS, COLUMNS)
def test_every_value_is_counted_once_where_it_belongs(old, new):
    bins = Bins.learn(old)
    held = bins.count(new)
    assert held.counts == by_searching(bins, new)
    assert (held.missing, held.infinite) == (np.isnan(new).sum(), np.isinf(new).sum())
    assert held.rows == len(new)


@given(FINITE, COLUMNS)
def test_floats_of_32_bits_fall_where_they_would_as_floats_of_64(old, new):
    """Edges are no floats of 32 bits here."""
    bins = Bins.learn(old)
    assert bins.count(new).cells == bins.count(new.astype(np.float64)).cells


@given(FINITE)
def test_the_reference_itself_fills_its_bins_and_none_outside(old):
    bins = Bins.learn(old)
    counts = bins.count(old).counts
    assert counts[0] == counts[-1] == 0
    assert min(counts[1:-1]) > 0
    assert len(counts) <= 22
    assert list(bins.edges) == sorted(set(bins.edges))
    assert list(bins.places) == sorted(bins.places)


@given(FINITE, st.lists(COLUMNS, max_size=4))
def test_batches_add_up_to_what_all_rows_hold(old, batches):
    bins = Bins.learn(old)
    together = bins.empty().merged(*(bins.count(batch) for batch in batches))
    whole = bins.count(np.concatenate([np.empty(0, np.float32), *batches]))
    assert together.cells == whole.cells
    assert (together.low, together.high) == (whole.low, whole.high)
    for one, two in ((together.total, whole.total), (together.squares, whole.squares)):
        assert one == pytest.approx(two, rel=1e-6, abs=1e-6 * (1 + whole.squares) if np.isfinite(whole.squares) else 0)


def test_parts_of_a_long_column_are_no_seams():
    values = np.random.default_rng(1).normal(5, 2, 2 * CHUNK + 17)
    values[::1000], values[7] = np.nan, -np.inf
    bins = Bins.learn(values)
    held = bins.count(values)
    kept = values[np.isfinite(values)]
    assert held.counts == by_searching(bins, values)
    assert (held.missing, held.infinite) == (len(values[::1000]), 1)
    assert held.mean == pytest.approx(kept.mean(), rel=1e-12)
    assert held.deviation == pytest.approx(kept.std(), rel=1e-12)
    assert (held.low, held.high) == (kept.min(), kept.max())
    assert max(abs(count - len(kept) / 20) for count in held.counts[1:-1]) <= 1


def test_numbers_far_from_zero_keep_their_spread():
    """Times in microseconds: their squares have no digits left for how they differ."""
    times = 1.6e15 + np.random.default_rng(1).normal(0, 1e6, 10_000)
    assert Bins.learn(times).count(times).deviation == pytest.approx(times.std(), rel=1e-9)


def test_a_heavy_value_has_its_own_bin():
    values = np.r_[np.zeros(700), np.linspace(0.001, 1, 300)]
    bins = Bins.learn(values, bins=10)
    assert 700 in bins.count(values).counts
    assert 0.0 in bins.places


@pytest.mark.parametrize("kind", [np.bool_, np.int8, np.int64, np.float16, np.float32, np.float64])
def test_few_different_values_have_a_bin_each_of_whatever_kind_they_are(kind):
    bins = Bins.learn(np.array([0, 1, 1, 0, 1], dtype=kind))
    assert bins.count(np.array([1, 0, 1], dtype=kind)).counts == (0, 1, 2, 0)
    assert bins.count(np.array([2, -1])).counts == (1, 0, 0, 1)


def test_a_constant_column_shows_what_else_comes():
    bins = Bins.learn(np.full(100, 3.0))
    assert bins.count(np.array([2.9, 3.0, 3.0, 3.1])).counts == (1, 2, 1)


def test_a_column_without_values_still_counts():
    bins = Bins.learn(np.full(5, np.nan))
    held = bins.count(np.array([np.nan, 1.0]))
    assert held.cells == (1, 1, 0)
    assert np.isnan(bins.empty().mean)
    assert np.isnan(bins.empty().deviation)


def test_other_bins_do_not_add_up():
    one, two = Bins.learn(np.array([1.0, 2.0])), Bins.learn(np.array([1.0, 3.0]))
    with pytest.raises(ValueError, match="different bins"):
        one.empty().merged(two.empty())
