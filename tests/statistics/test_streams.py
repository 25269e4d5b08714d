"""Detectors of change: how soon they see one, how often they see none, and that they remember between windows."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from everfit.statistics.adwin import Adwin
from everfit.statistics.hddm import Hddm
from everfit.statistics.losses import per_row
from everfit.statistics.streams import REMEMBERED, Change, ceiling, remembered, scaled, worth
from everfit.statistics.truth import Truth
from tests.nulls import draws

DETECTORS = [Adwin, Hddm]
STREAMS = st.lists(st.tuples(st.integers(1, 400), st.sampled_from([0.0, 0.1, 0.5, 0.9])), min_size=1, max_size=6)


def errors(rng, *parts):
    """A stream of right and wrong answers: so many with such a share of errors, one after another."""
    return np.concatenate([(rng.random(rows) < share).astype(float) for rows, share in parts])


def by_days(rng, days=300, rows=100, spread=0.5):
    """Losses of days that differ, though none is an outlier and nothing changes; in order, and the day of each."""
    day = np.repeat(np.arange(days), rows)
    return (rng.random(len(day)) < 0.2 * np.exp(rng.normal(0, spread, days))[day]).astype(float), day


@pytest.mark.parametrize(("detector", "published"), [(Adwin, 111), (Hddm, 96)])
def test_sixty_streams_whose_error_rises_at_2000(detector, published):
    """Published for river's: no false alarm in 2,000, each change detected, median delays of 111 and 96."""
    alarms, delays = 0, []
    for seed in range(60):
        state = detector().seen(errors(np.random.default_rng(seed), (2000, 0.1), (2000, 0.3)))
        alarms += any(change.at <= 2000 for change in state.changes)
        delays += [change.at - 2000 for change in state.changes if change.at > 2000][:1]
        assert state.mean == pytest.approx(0.3, abs=0.07)
    assert alarms == 0
    assert len(delays) == 60
    assert np.median(delays) == pytest.approx(published, abs=16)


@pytest.mark.parametrize(
    ("detector", "least", "most"), [(Adwin(), 0, 0.02), (Hddm(), 0.03, 0.15), (Hddm(delta=1e-4), 0, 0.02)]
)
def test_where_nothing_changes_it_rarely_sees_a_change(detector, least, most):
    """HDDM-A with the delta it was published with looks too often for losses that vary much; a tenth of it will do."""
    runs = draws(150 if isinstance(detector, Adwin) else 400)
    streams = (errors(np.random.default_rng([1, seed]), (4000, 0.4)) for seed in range(runs))
    alarms = sum(bool(detector.seen(stream).changes) for stream in streams)
    assert least <= alarms / runs < most


def test_with_a_tenth_of_the_delta_hddm_is_as_quick_as_adwin():
    delays = []
    for seed in range(60):
        state = Hddm(delta=1e-4).seen(errors(np.random.default_rng(seed), (2000, 0.1), (2000, 0.3)))
        delays += [change.at - 2000 for change in state.changes][:1]
    assert np.median(delays) == pytest.approx(114, abs=10)


@pytest.mark.parametrize("detector", [Adwin(), Hddm(delta=1e-4)])
def test_days_that_differ_are_no_change_if_a_row_counts_as_it_is_worth(detector):
    rows, days, runs = 0, 0, 30
    for seed in range(runs):
        rng = np.random.default_rng([2, seed])
        trusting = replace(detector, worth=worth(*by_days(rng)))
        stream = by_days(rng, days=100)[0]
        rows += bool(detector.seen(stream).changes)
        days += bool(trusting.seen(stream).changes)
    assert rows / runs > 0.5
    assert days / runs < 0.1
    stream = np.r_[by_days(rng, days=100)[0], 1 - by_days(rng, days=30)[0]]
    assert any(change.worse and change.at > 10_000 for change in trusting.seen(stream).changes)


@settings(max_examples=30, deadline=None)
@given(STREAMS, st.lists(st.integers(0, 2400), max_size=4), st.sampled_from(DETECTORS), st.integers(0, 2**32 - 1))
def test_however_the_stream_is_cut_the_same_comes_out(parts, cuts, detector, seed):
    stream = errors(np.random.default_rng(seed), *parts)
    whole, state = detector().seen(stream), detector()
    for part in np.split(stream, sorted(cuts)):
        stored = TypeAdapter(detector).dump_json(state)
        state = TypeAdapter(detector).validate_json(stored).seen(part)
    assert state == whole
    assert state.count == len(stream)


@settings(max_examples=30, deadline=None)
@given(STREAMS, st.integers(0, 2**32 - 1))
def test_hddm_is_what_one_value_after_another_gives(parts, seed):
    """The paper's algorithm, as a loop."""
    stream = errors(np.random.default_rng(seed), *parts)
    found, n, total, cut, cut_total = [], 0, 0.0, 0, 0.0
    for at, value in enumerate(stream, 1):
        n, total = n + 1, total + value
        bound = np.sqrt(np.log(1000) / 2 / n)
        if not cut or total / n + bound <= cut_total / cut + np.sqrt(np.log(1000) / 2 / cut):
            cut, cut_total = n, total
        elif total / n - cut_total / cut >= np.sqrt((1 / cut - 1 / n) / 2 * np.log(2000)):
            found.append(at)
            n, total, cut, cut_total = 0, 0.0, 0, 0.0
    assert [change.at for change in Hddm().seen(stream).changes] == found[-REMEMBERED:]


@settings(max_examples=30, deadline=None)
@given(STREAMS, st.integers(0, 2**32 - 1))
def test_adwins_buckets_are_its_window(parts, seed):
    stream = errors(np.random.default_rng(seed), *parts)
    state = Adwin().seen(stream)
    window = stream[len(stream) - state.width :]
    sums = [total for row in reversed(state.rows) for total, _ in row]
    sizes = [1 << i for i in reversed(range(len(state.rows))) for _ in state.rows[i]]
    pieces = np.split(window, np.cumsum(sizes)[:-1])
    assert [len(piece) for piece in pieces] == sizes
    assert sums == [piece.sum() for piece in pieces]
    spreads = [within for row in reversed(state.rows) for _, within in row]
    assert spreads == pytest.approx([((piece - piece.mean()) ** 2).sum() for piece in pieces], abs=1e-9)
    assert max(len(row) for row in state.rows) <= 5


def test_a_change_for_the_better_is_told_from_one_for_the_worse():
    stream = errors(np.random.default_rng(4), (3000, 0.4), (3000, 0.1), (3000, 0.5))
    better, worse = Adwin().seen(stream).changes
    assert (better.worse, worse.worse) == (False, True)
    assert (better.before, better.after) == (pytest.approx(0.4, abs=0.05), pytest.approx(0.15, abs=0.05))
    assert 3000 - 300 < better.began < better.at < 3300
    (risen,) = Hddm().seen(stream).changes
    assert risen.worse
    assert 6000 < risen.at < 6100
    # what was before is all that was, to HDDM: 3,000 values of .4 and 3,000 of .1
    assert (risen.before, risen.after) == (pytest.approx(0.25, abs=0.02), pytest.approx(0.5, abs=0.2))


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_hundred_thousand_losses_take_less_than_two_seconds(detector):
    stream = errors(np.random.default_rng(5), (100_000, 0.1))
    begin = time.process_time()
    state = detector().seen(stream)
    assert time.process_time() - begin < 2
    assert len(TypeAdapter(detector).dump_json(state)) < 4000


@pytest.mark.parametrize("detector", DETECTORS)
def test_log_losses_have_no_bound_and_are_cut_off_where_few_of_old_were(detector):
    rng, seen, cut_off = np.random.default_rng(6), 0, 0
    for _ in range(20):
        p = rng.beta(0.5, 0.5, 6000)
        y = (rng.random(6000) < p).astype(float)
        y[3000:] = np.where(rng.random(3000) < 0.3, 1 - y[3000:], y[3000:])
        losses = per_row("log_loss", Truth(y), p)
        most = ceiling(per_row("log_loss", Truth((rng.random(6000) < p).astype(float)), p))
        changes = detector().seen(scaled(losses, most)).changes
        cut_off += sum(change.worse and 3000 < change.at < 4000 for change in changes) == len(changes) == 1
        seen += bool(detector().seen(scaled(losses, 34.5)).changes)
    assert cut_off >= 19
    assert seen <= (20 if detector is Adwin else 5)


def test_what_has_no_scale_is_refused_and_what_is_remembered_is_the_newest():
    with pytest.raises(ValueError, match=r"99% quantile of the reference losses is 0\.0: wanted one above 0"):
        ceiling(np.zeros(10))
    many = tuple(Change(at, at, 0.0, 1.0) for at in range(50))
    assert remembered(many) == many[-REMEMBERED:]
    alike = np.random.default_rng(7).random(5000)
    assert worth(alike, np.arange(5000) % 50) > 0.6
