"""How often rules that compare batches blame a good one where the truth is known: no more often than they say.

Good means: drawn like the batches before it. Real batches differ by more than their rows' chance, so these do too.
"""

from dataclasses import replace

import numpy as np
import pytest

from everfit.statistics.discoveries import benjamini_hochberg
from everfit.statistics.knowing import knows
from everfit.statistics.prediction import error_of_mean, predict
from everfit.statistics.stability import stability
from everfit.validation.rules._labels import Labels
from everfit.validation.rules.label_missing_by_age import LabelMissingByAge
from everfit.validation.rules.label_prior import LabelPrior
from everfit.validation.rules.like_reference import LikeReference
from everfit.values import Batch

RUNS = 2000
EARLIER = [3, 6, 12]


def allowed(promised, runs=RUNS):
    return promised + 2 * np.sqrt(promised * (1 - promised) / runs)


class Told:
    """A delivery whose profile, and those before it, were drawn and not made of rows."""

    def __init__(self, *profiles):
        *self.before, self.now = profiles
        self.label, self.task = "y", "binary"

    def profile(self, rule):
        return self.now

    def history(self, rule, newest):
        return [(Batch("p", 1, "", 0, (), ""), kept) for kept in self.before]


def alarms(rule, draw, earlier, seed, runs=RUNS):
    """The share of runs in which the last of `earlier + 1` batches, all drawn alike, is blamed."""
    rng = np.random.default_rng(seed)
    blamed = 0
    for _ in range(runs):
        checks = rule.check(Told(*draw(rng, earlier + 1)))
        blamed += not all(check.passed for check in checks)
    return blamed / runs


def means(between, day, rows=600, sizes=None):
    """Means of batches with an effect of the batch, an effect of each of 30 days, and rows of unequal days."""

    def draw(rng, batches):
        for batch in range(batches):
            days = np.repeat(np.arange(30), rng.poisson((sizes or {}).get(batch, rows) / 30, 30) + 1)
            chance = 0.25 + rng.normal(0, between) + rng.normal(0, day, 30)[days]
            y = (rng.random(len(days)) < chance).astype(float)
            yield {"mean": np.array([y.mean(), error_of_mean(y, days), len(y)])}

    return draw


@pytest.mark.parametrize("earlier", EARLIER)
@pytest.mark.parametrize(("between", "day"), [(0.0, 0.0), (0.0, 0.1), (0.06, 0.05)])
def test_a_label_that_varies_as_before_is_rarely_blamed(between, day, earlier):
    rule = LabelPrior(at_most=0, false_alarms=0.05)
    assert alarms(rule, means(between, day), earlier, [1, earlier], runs=600) < allowed(0.05, 600)


@pytest.mark.parametrize("last", [60, 6000])
def test_a_batch_of_another_size_is_no_more_often_blamed(last):
    rule = LabelPrior(at_most=0, false_alarms=0.05)
    assert alarms(rule, means(0.02, 0.05, sizes={6: last}), 6, [2, last], runs=600) < allowed(0.05, 600)


def test_taking_rows_for_all_that_varies_would_break_the_promise():
    """The usual test of two proportions, on batches that differ as those above."""
    rng, blamed = np.random.default_rng(3), 0
    draw = means(0.06, 0.05)
    for _ in range(400):
        found = np.array([one["mean"] for one in draw(rng, 7)])
        share, n = np.average(found[:-1, 0], weights=found[:-1, 2]), found[:-1, 2].sum()
        error = np.sqrt(share * (1 - share) * (1 / n + 1 / found[-1, 2]))
        blamed += abs(found[-1, 0] - share) > 1.96 * error
    assert blamed / 400 > 0.4


def test_a_label_that_doubles_is_mostly_blamed():
    def draw(rng, batches):
        *before, last = means(0.02, 0.05)(rng, batches)
        return [*before, {"mean": last["mean"] + [0.25, 0, 0]}]

    assert alarms(LabelPrior(), draw, 8, 4, runs=200) > 0.9


@pytest.mark.parametrize("earlier", EARLIER)
@pytest.mark.parametrize("usual", [0.002, 0.03, 0.2])
def test_labels_missing_as_before_are_rarely_blamed(usual, earlier):
    def draw(rng, batches):
        rows = np.full(4, 300)
        for _ in range(batches):
            share = rng.beta(4 * usual / 0.2, 4 * (1 - usual) / 0.2, 4)
            yield {"rows": rows, "missing": rng.binomial(rows, share)}

    rule = LabelMissingByAge(at_most=0.05, false_alarms=0.05)
    assert alarms(rule, draw, earlier, [5, earlier], runs=600) < allowed(0.05, 600)


def columns(draw_shares, count=12, rows=3000):
    """Histograms of some columns over ten values, each batch's drawn by its own shares."""

    def draw(rng, batches):
        kept = [{} for _ in range(batches)]
        for column in range(count):
            for profile, shares in zip(kept, draw_shares(rng, batches), strict=True):
                profile |= {
                    f"{column}.keys": np.arange(10),
                    f"{column}.counts": rng.multinomial(rows, shares),
                    f"{column}.kind": np.array([0, 0]),
                }
        return [profile | {"names": np.array([f"c{column}" for column in range(count)])} for profile in kept]

    return draw


EVEN = np.full(10, 0.1)


def same(rng, batches):
    return [EVEN] * batches


def shaken(rng, batches):
    """Every bin goes its own way."""
    return rng.dirichlet(EVEN * 300, batches)


def tilted(rng, batches):
    """All move along one line, as a season moves temperatures: the worst case."""
    tilt = 0.02 * rng.normal(0, 1, batches).clip(-3, 3)
    return EVEN + np.outer(tilt, np.linspace(-1, 1, 10))


@pytest.mark.parametrize("earlier", EARLIER)
@pytest.mark.parametrize("shares", [same, shaken, tilted])
def test_columns_that_vary_as_before_are_rarely_blamed(shares, earlier):
    """The whole rule over twelve columns, without its minimum effect."""
    rule = LikeReference("t", at_least=0)
    runs = 1000 if shares is tilted else 300
    assert alarms(rule, columns(shares), earlier, [6, earlier], runs) < allowed(0.05, runs)


@pytest.mark.parametrize("earlier", [3, 12])
@pytest.mark.parametrize("shares", [same, shaken, tilted])
def test_one_column_is_blamed_as_often_as_its_p_value_says(shares, earlier):
    rng, below = np.random.default_rng([7, earlier]), 0
    for _ in range(RUNS):
        *before, now = (rng.multinomial(3000, one) for one in shares(rng, earlier + 1))
        below += stability(now, np.array(before)).chance < 0.05
    assert below / RUNS < allowed(0.05)


def test_a_fixed_bar_would_cry_wolf_on_small_batches():
    """The PSI of a hundred rows against six hundred is near 0.1 all the time, and nothing is wrong."""
    rng = np.random.default_rng(8)
    loud = blamed = 0
    for _ in range(400):
        *before, now = (rng.multinomial(100, EVEN) for _ in range(7))
        found = stability(now, np.array(before))
        loud += found.usual > 0.08
        blamed += found.psi > 0.1 and found.chance < 0.05
    assert loud / 400 > 0.5
    assert blamed / 400 < allowed(0.05, 400)


def test_one_column_of_twelve_that_changes_is_mostly_blamed():
    def draw(rng, batches):
        *before, last = columns(shaken)(rng, batches)
        return [*before, last | {"3.counts": np.array([600] * 4 + [100] * 6)}]

    assert alarms(LikeReference("t"), draw, 6, 9, runs=60) > 0.9


def test_benjamini_and_hochberg_keep_their_share_where_something_is_wrong():
    rng, false, found = np.random.default_rng(10), 0.0, 0
    for _ in range(RUNS):
        p = np.r_[rng.random(15), rng.beta(0.1, 10, 5)]
        counted = benjamini_hochberg(p.tolist(), 0.1)
        false += sum(counted[:15]) / max(sum(counted), 1)
        found += sum(counted[15:])
    assert false / RUNS < allowed(0.1)
    assert found / RUNS > 2


def test_a_feature_at_the_bar_is_rarely_called_a_leak():
    rng, called = np.random.default_rng(11), 0
    many = rng.normal(0, 1, 400_000)
    truth = np.mean(rng.normal(1.8, 1, 400_000) > many)
    for _ in range(400):
        day = np.repeat(np.arange(20), 30)
        y = (rng.random(600) < 0.4).astype(float)
        called += knows(rng.normal(1.8 * y, 1), y, day, truth, binary=True, how="").low > truth
    assert called / 400 < allowed(0.05, 400)


def test_labels_of_one_day_still_make_a_profile():
    found = Labels(np.array([1.0, 0.0, np.nan]), np.array([0, 60, 120]))
    assert found.known.tolist() == [True, True, False]
    assert len(set(found.days.tolist())) == 1
    assert error_of_mean(found.y[:2], found.days[:2]) == 0.0


def test_few_batches_are_no_spread():
    with pytest.raises(ValueError, match="at least 2 earlier values, found 1"):
        predict(np.array([0.2]), np.array([0.1]), 0.1)
    assert replace(LabelPrior(), newest=3).newest == 3
