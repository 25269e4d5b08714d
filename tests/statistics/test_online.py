"""Online procedures: the levels that were published, and how often they are wrong on streams whose truth is known."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from everfit.statistics.addis import Addis
from everfit.statistics.e_lond import ELond, e_value
from everfit.statistics.online import Decided, Lord, by_power, by_recency, over, payments

# The example of the R package onlineFDR (Robertson, Liou, Ramdas and Karp), reference pages of LORD, LORDstar, ADDIS
# and LOND: https://dsrobertson.github.io/onlineFDR/reference/
P = (2.9e-08, 0.06743, 0.01514, 0.08174, 0.00171, 3.6e-05, 0.79149, 0.27201, 0.28295, 7.59e-08, 0.69274, 0.30443)
P += (0.00136, 0.72342, 0.54757)
LORD = (0.0002675839, 0.0024664457, 0.0005732818, 0.0004872805, 0.0004059066, 0.0003447286, 0.0029745013, 0.0008450114)
LORD += (0.0007305648, 0.0006243143, 0.0032185913, 0.0010617227, 0.0009256825, 0.0008019657, 0.0007059610)
LAGGED = (2.675839e-04, 5.819103e-05, 2.457817e-03, 5.649373e-04, 4.810068e-04, 4.011918e-04, 3.410964e-04)
LAGGED += (2.971630e-03, 8.426900e-04, 7.286513e-04, 6.227110e-04, 3.217229e-03, 1.060551e-03, 9.246646e-04)
LAGGED += (8.010731e-04,)
ADDIS = (0.002734314, 0.005468627, 0.005468627, 0.005468627, 0.005468627, 0.010937254, 0.016405881, 0.016405881)
ADDIS += (0.005411923, 0.002828822, 0.008297449, 0.008297449, 0.003589243, 0.009057870, 0.009057870)
LOND = (0.0026758385, 0.0011638206, 0.0009912499, 0.0008243606, 0.0006988870, 0.0006045900, 0.0007979166, 0.0007117838)
LOND += (0.0006421423, 0.0005847378, 0.0007155186, 0.0006610273, 0.0006141682, 0.0005734509, 0.0005377472)


def decide(level, chances):
    """Every level in turn, each test decided at its own."""
    earlier, levels = [], []
    for p in chances:
        levels.append(level(earlier))
        earlier.append(Decided(p, p <= levels[-1]))
    return levels


def test_the_published_levels_of_lord():
    assert decide(Lord(0.05, by_recency, start=0.005).level, P) == pytest.approx(LORD, rel=1e-6)


def test_the_published_levels_of_lord_where_each_test_goes_with_the_one_before():
    lord, earlier, levels = Lord(0.05, by_recency, start=0.005), [], []
    for at, p in enumerate(P):
        on = frozenset({f"week {at}", f"week {at + 1}"})
        levels.append(lord.level(earlier, on))
        earlier.append(Decided(p, p <= levels[-1], on))
    assert levels == pytest.approx(LAGGED, rel=1e-6)


def test_the_published_levels_of_addis():
    assert decide(Addis(0.05, by_power(1.6), start=0.025).level, P) == pytest.approx(ADDIS, rel=1e-6)


def test_the_published_levels_of_lond_whose_levels_e_lond_has():
    e_lond = ELond(0.05, by_recency)
    assert decide(lambda earlier: 1 / e_lond.bar(earlier), P) == pytest.approx(LOND, rel=1e-6)


def test_the_level_of_e_lond_is_where_the_e_value_reaches_the_bar():
    e_lond = ELond(0.1, over(52))
    for earlier in ([], [Decided(1e-9, True)], [Decided(0.5, False)] * 20):
        assert e_value(e_lond.level(earlier)) == pytest.approx(e_lond.bar(earlier))
    assert e_lond.level([Decided(0.5, False)] * 52) == 0


def test_an_e_value_is_one_on_average_if_nothing_is_there():
    z = np.linspace(-12, 12, 200_001)
    values = np.array([e_value(float(p)) for p in norm.sf(z[::20])])
    assert np.trapezoid(values * norm.pdf(z[::20]), z[::20]) == pytest.approx(1, abs=1e-6)
    assert (e_value(0.0), e_value(1.0)) == (float("inf"), 0.0)


@pytest.mark.parametrize("shares", [by_recency, by_power(1.6), over(52)])
def test_shares_add_up_to_at_most_one_and_only_fall(shares):
    found = [shares(j) for j in range(1, 20_000)]
    assert sum(found) <= 1 + 1e-9
    assert all(one >= two for one, two in pairwise(found))


STREAMS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60)


@given(STREAMS, st.sampled_from([by_recency, by_power(1.6), over(52)]), st.floats(0.01, 0.3))
def test_what_lord_spends_never_exceeds_its_share_of_what_passed(stream, shares, share):
    """The law from which its error rate follows: the levels so far add up to at most `share` of max(passes, 1)."""
    lord, earlier, spent = Lord(share, shares), [], 0.0
    for p, _ in stream:
        level = lord.level(earlier)
        spent += level
        assert spent <= share * max(1, sum(one.passed for one in earlier)) + 1e-12
        earlier.append(Decided(p, p <= level))


@given(STREAMS, st.integers(0, 59))
def test_a_pass_more_never_lowers_a_level(stream, at):
    lord = Lord(0.1, over(52))
    earlier = [Decided(p, passed) for p, passed in stream]
    if at < len(earlier):
        more = [*earlier[:at], Decided(0.0, True), *earlier[at + 1 :]]
        assert lord.level(more) >= lord.level(earlier) - 1e-15
    assert lord.level(earlier) >= 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=30), st.integers(0, 5))
def test_no_pass_pays_for_a_test_on_its_own_rows(stream, on):
    earlier = [Decided(0.01, passed, frozenset({str(batch)})) for passed, batch in stream]
    of_others = [one for one in earlier if str(on) not in one.on]
    assert len(payments(earlier, frozenset({str(on)}))) == sum(one.passed for one in of_others)


RUNS, WEEKS = 10_000, 52


@cache
def at(lord, number, paid):
    return lord.level_at(number, paid)


def streams(lord, z, lag=0):
    """Which tests pass, of many streams at once; each goes with the `lag` before it, whose passes do not pay yet."""
    chances, passed = norm.sf(z), np.zeros(z.shape, dtype=bool)
    paid = [()] * len(z)
    for week in range(z.shape[1]):
        if week > lag:
            for stream in np.flatnonzero(passed[:, week - lag - 1]):
                paid[stream] += (week,)
        passed[:, week] = chances[:, week] <= [at(lord, week + 1, before) for before in paid]
    return passed


def wrong(passed, null):
    """The wrong passes: as a share of all (mFDR, with one pass more, as it is where there are few), and its FDR."""
    false, found = (passed & null).sum(axis=1), passed.sum(axis=1)
    return false.mean() / max(found.mean(), 1), (false / np.maximum(found, 1)).mean()


def allowed(share):
    return share + 2 * np.sqrt(share * (1 - share) / RUNS)


@pytest.mark.parametrize("share", [0.1, 0.2])
@pytest.mark.parametrize("shares", [over(WEEKS), by_recency], ids=["over", "endless"])
def test_of_ten_thousand_streams_in_which_nothing_is_better_few_have_a_pass(share, shares):
    z = np.random.default_rng(1).normal(size=(RUNS, WEEKS))
    passed = streams(Lord(share, shares), z)
    assert passed.any(axis=1).mean() <= allowed(share)
    if shares is not by_recency:
        assert passed.any(axis=1).mean() > 0.8 * share, "it gives away most of what it may"


@pytest.mark.parametrize("better", [0.05, 0.2, 0.5])
def test_of_what_passes_in_mixed_streams_at_most_the_share_is_wrong(better):
    random = np.random.default_rng(2)
    null = random.random((RUNS, WEEKS)) > better
    z = random.normal(size=null.shape) + np.where(null, 0, 3)
    passed = streams(Lord(0.1, over(WEEKS)), z)
    assert max(wrong(passed, null)) <= allowed(0.1)
    assert passed[~null].mean() > 0.4, "it finds what is there"


def test_overlapping_holdouts_are_no_harm_if_no_pass_pays_for_its_own_rows():
    """Each holdout shares half of its rows with the one before; and each pass makes the next null look worse."""
    random = np.random.default_rng(3)
    null = random.random((RUNS, WEEKS)) > 0.2
    parts = random.normal(size=(RUNS, WEEKS + 1))
    z = (parts[:, 1:] + parts[:, :-1]) / np.sqrt(2) + np.where(null, 0, 3)
    assert max(wrong(streams(Lord(0.1, over(WEEKS)), z, lag=1), null)) <= allowed(0.1)


def test_a_champion_that_changes_with_each_pass_is_no_harm():
    """The next candidate is held against whoever passed: what is null depends on all that was decided before."""
    random = np.random.default_rng(4)
    lord, paid = Lord(0.1, over(WEEKS)), [()] * RUNS
    champion, false, found = np.zeros(RUNS), np.zeros(RUNS), np.zeros(RUNS)
    for week in range(1, WEEKS + 1):
        candidate = random.choice([0.0, 1.0], RUNS) * random.exponential(1, RUNS)
        better = np.where(random.random(RUNS) < 0.5, 0, candidate - champion)  # half of them are as good, to the digit
        passed = norm.sf((better + random.normal(0, 0.3, RUNS)) / 0.3) <= [at(lord, week, before) for before in paid]
        false, found = false + (passed & (better <= 0)), found + passed
        champion = np.where(passed, champion + better, champion)
        for stream in np.flatnonzero(passed):
            paid[stream] += (week,)
    assert false.mean() / found.mean() <= allowed(0.1)
    assert (false / np.maximum(found, 1)).mean() <= allowed(0.1)


def test_e_lond_holds_for_tests_that_depend_in_any_way():
    """One year of bad luck: all tests of a stream share most of their noise, in either direction."""
    random = np.random.default_rng(5)
    e_lond = ELond(0.2, over(WEEKS))
    sign = np.where(np.arange(WEEKS) % 2, 1, -1) * random.choice([-1, 1], (RUNS, 1))
    z = 0.9**0.5 * random.normal(size=(RUNS, 1)) * sign + 0.1**0.5 * random.normal(size=(RUNS, WEEKS))
    null = random.random((RUNS, WEEKS)) > 0.2
    chances, passed = norm.sf(z + np.where(null, 0, 4)), np.zeros((RUNS, WEEKS), dtype=bool)
    for week in range(WEEKS):
        bars = [e_lond.level([Decided(0, i < n) for i in range(week)]) for n in range(week + 1)]
        passed[:, week] = chances[:, week] <= np.array(bars)[passed[:, :week].sum(axis=1)]
    assert wrong(passed, null)[1] <= allowed(0.2)
    assert passed[~null].mean() > 0.4


def test_addis_holds_and_gains_where_most_candidates_are_plainly_worse():
    random = np.random.default_rng(6)
    runs = 1500
    null = random.random((runs, WEEKS)) > 0.1
    z = random.normal(size=null.shape) + np.where(null, -1.5, 3)
    addis, lord = Addis(0.1, by_power(1.6), start=0.05), Lord(0.1, by_power(1.6), start=0.05)
    found = {}
    for procedure in (addis, lord):
        passed = np.array(
            [[p <= level for p, level in zip(row, decide(procedure.level, row), strict=True)] for row in norm.sf(z)]
        )
        assert (passed & null).sum() / passed.sum() <= 0.1
        found[procedure] = passed[~null].mean()
    assert found[addis] > found[lord] + 0.02
