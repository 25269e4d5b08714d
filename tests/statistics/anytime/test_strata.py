"""Blocks of time: what has ended stays as it is, and nothing is lost but the open end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.statistics.anytime.strata import strata
from everfit.statistics.anytime.worth import worth

TIMES = st.lists(st.integers(0, 200), max_size=80)


@settings(deadline=None, max_examples=60)
@given(TIMES, TIMES, st.sampled_from([0.0, 1.0, 7.0]), st.sampled_from([0.0, 0.1]))
def test_every_block_has_both_and_no_stretch_is_torn(ours, theirs, span, growth):
    at, other_at = (np.sort(np.array(times, dtype=float)) for times in (ours, theirs))
    cut = strata(at, other_at, span, growth)
    assert (cut.rows > 0).all()
    assert (cut.other_rows > 0).all()
    assert np.bincount(cut.ours[cut.ours >= 0], minlength=len(cut.rows)).tolist() == cut.rows.tolist()
    both = np.concatenate([at, other_at])
    blocks = np.concatenate([cut.ours, cut.theirs])
    for stretch in np.unique(both // span if span else both):
        assert len(set(blocks[(both // span if span else both) == stretch])) == 1
    order = np.argsort(both, kind="stable")
    done = blocks[order][blocks[order] >= 0]
    assert (np.diff(done) >= 0).all()
    assert (blocks[order][len(done) :] == -1).all(), "only the end is open"


@settings(deadline=None, max_examples=60)
@given(TIMES, TIMES, st.integers(0, 200))
def test_a_block_that_has_ended_stays_as_it_is(ours, theirs, now):
    at, other_at = (np.sort(np.array(times, dtype=float)) for times in (ours, theirs))
    later, before = strata(at, other_at, 5.0, 0.05), strata(at[at <= now], other_at[other_at <= now], 5.0, 0.05)
    ended = (before.ours >= 0) & (before.ours < len(before.rows) - 1)
    assert later.ours[: len(before.ours)][ended].tolist() == before.ours[ended].tolist()


def test_order_of_the_entries_does_not_matter():
    rng = np.random.default_rng(0)
    at, other_at, values = rng.uniform(0, 100, 500), rng.uniform(0, 100, 700), rng.normal(size=500)
    turned = rng.permutation(500)
    one, two = strata(at, other_at, 3.0), strata(at[turned], other_at, 3.0)
    zeros = np.zeros(700)
    assert one.sums(values, zeros)[0] == pytest.approx(two.sums(values[turned], zeros)[0])


def test_unequal_weights_and_few_blocks_say_less():
    rng = np.random.default_rng(1)
    yes, each = rng.random(4000) < 0.3, np.arange(4000)
    assert worth(yes, np.ones(4000), each) == pytest.approx(4000, rel=0.1)
    assert worth(yes, np.where(each % 10, 1.0, 0.001), each) < 3700
    assert worth(yes, np.ones(4000), each // 400) == 10.0
    assert worth(np.zeros(4000, dtype=bool), np.ones(4000), each // 100) == 4000
    assert worth(yes[:0], np.ones(0), each[:0]) == 0.0
