"""How often the whole judge calls harm what is none, if somebody looks all the time: at most as often as it says.

The bars are put where two equal versions are exactly at them, which is the hardest case: with bars as they are used the
rates are far lower. 5,000 looks at a shadow are done by vectorised code that is held against the judge itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from bench.watching import World, looks, until, watched
from everfit.rollouts.bars import Bars
from everfit.rollouts.judging import judge_stage
from everfit.statistics.anytime import beta_binomial, betting, t_mixture
from everfit.statistics.losses import per_row
from everfit.statistics.truth import Truth
from everfit.values import Outcome

LOOKS, LEVEL, SIGNALS = 5_000, 0.05, 6
EACH = LEVEL / SIGNALS
N = np.arange(1.0, LOOKS + 1)
APART, DISAGREE = 0.05, 0.136  # the two of an unchanged `World` are apart by more than 0.05 on 13.58 % of all rows
EQUAL = Bars(errors=0, latency=1, agreement=DISAGREE, apart=APART, margin=0, calibration=0, block=0)


def fewest(share, alpha):
    """Of each number of rows, how many yes are too many."""
    low, high = np.zeros(LOOKS), N + 1
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        refused = beta_binomial.larger(middle, np.maximum(N - middle, 0), share) >= -np.log(alpha)
        low, high = np.where(refused, low, middle), np.where(refused, middle, high)
    return high


class Paths:
    """Each signal's harm, yes or no, after each of 5,000 pairs of a shadow."""

    def __init__(self):
        self.reach = {
            alpha: np.array([t_mixture.reach(n, alpha) for n in range(1, LOOKS + 1)]) for alpha in (EACH, EACH / 3)
        }
        self.apart = fewest(DISAGREE, EACH)
        self.slow = {p: (fewest(1 - p, EACH / 2), fewest(p, EACH / 2)) for p in (0.5, 0.99)}

    def of(self, seen):
        ours, theirs = seen.challenger, seen.champion
        ok = np.isfinite(ours.rows.scores) & np.isfinite(theirs.rows.scores)
        assert ok.all(), "so that every look is a pair"
        fails = ours.calls.failed.astype(int) - theirs.calls.failed
        counts = np.cumsum(fails[:, None] == np.array([-1, 0, 1]), axis=0)
        y = theirs.rows.y
        losses = [per_row(seen.loss, Truth(y), arm.rows.scores) for arm in (ours, theirs)]
        off = [self.bounds(y - arm.rows.scores, EACH / 3) for arm in (ours, theirs)]
        away = np.maximum(np.maximum(off[0][0], -off[0][1]), 0) - np.maximum(off[1][1], -off[1][0])
        return {
            "errors": betting.evidence(np.array([-1.0, 0, 1]), counts, 0.0, -1.0) >= -np.log(EACH),
            "latency_p50": self.slower(ours.calls.seconds, theirs.calls.seconds, 0.5),
            "latency_p99": self.slower(ours.calls.seconds, theirs.calls.seconds, 0.99),
            "agreement": np.cumsum(np.abs(ours.rows.scores - theirs.rows.scores) > APART) >= self.apart,
            "quality": self.bounds(losses[0] - losses[1], EACH)[0] > 0,
            "calibration": away > 0,
        }

    def bounds(self, values, alpha):
        """As `t_mixture.ratio` gives them, after each value."""
        s1, s2, s3, s4 = (np.cumsum(values**power) / N for power in (1, 2, 3, 4))
        second = np.maximum(s2 - s1**2, 1e-12)
        third = s3 - 3 * s1 * s2 + 2 * s1**3
        fourth = s4 - 4 * s1 * s3 + 6 * s1**2 * s2 - 3 * s1**4
        far, lean = self.reach[alpha], third / second**1.5
        far = np.where((N * second**2 < t_mixture.FEWEST * fourth) | np.isinf(far), 1e9, far)
        error, skewed = np.sqrt(second / np.maximum(N - 1, 1)), (1 + 2 * far**2) / (6 * np.sqrt(N))
        return s1 - (far + np.maximum(-lean, 0) * skewed) * error, s1 + (far + np.maximum(lean, 0) * skewed) * error

    def slower(self, ours, theirs, share):
        """Whether there is a time that ours are surely above and theirs surely at most, among many times."""
        tried = np.quantile(theirs, np.clip(share + np.linspace(-0.1, 0.1, 81), 0, 1))
        above = np.cumsum(ours[:, None] > tried, axis=0) >= self.slow[share][0][:, None]
        return (above & (np.cumsum(theirs[:, None] <= tried, axis=0) >= self.slow[share][1][:, None])).any(axis=1)


@pytest.fixture(scope="module")
def paths():
    return Paths()


def shadow(seed, **truth):
    """Pairs that all have scores and times; one in a hundred fails for some other reason."""
    seen = watched(World(fails=0.0, failing=0.0, **truth), LOOKS, seed, paired=True)
    failed = np.random.default_rng([1, seed]).random((2, LOOKS)) < 0.01
    arms = [
        replace(arm, calls=replace(arm.calls, failed=own))
        for arm, own in zip((seen.champion, seen.challenger), failed, strict=True)
    ]
    return replace(seen, champion=arms[0], challenger=arms[1])


@pytest.mark.parametrize("truth", [{}, {"worse": 0.4}, {"slower": 1.15}, {"off": 0.3}], ids=str)
def test_the_vectorised_judge_is_the_judge(paths, truth):
    seen = shadow(99, **truth)
    found = paths.of(seen)
    for look in (40, 150, 700, 2_000, 5_000):
        for part in judge_stage(until(seen, seen.champion.calls.at[look - 1]), EQUAL, LEVEL).parts:
            harm = bool(found[part.name][look - 1])
            if part.name.startswith("latency"):
                assert part.outcome is Outcome.FAILED or not harm, "only some of the times are tried"
            else:
                assert harm is (part.outcome is Outcome.FAILED), (part, look)


def test_of_equal_challengers_at_most_one_in_twenty_is_ever_rolled_back_in_5000_looks(paths):
    runs, harmed, naive, each = 300, 0, 0, dict.fromkeys(("errors", "quality", "agreement"), 0)
    for seed in range(runs):
        seen = shadow(seed)
        found = paths.of(seen)
        harmed += any(path.any() for path in found.values())
        naive += naive_z(seen)
        for name in each:
            each[name] += found[name].any()
    assert harmed / runs <= LEVEL + 2 * np.sqrt(LEVEL * (1 - LEVEL) / runs)
    assert 0.4 < naive / runs < 0.7, "a z of 1.96 after each of 5,000 pairs, of one signal alone"
    print(f"\n{harmed / runs:.1%} of {runs} equal challengers rolled back in {LOOKS} looks; naive z {naive / runs:.1%}")


def naive_z(seen):
    """Whether somebody who tests the difference of losses at two-sided 5 % after each pair would ever call it."""
    losses = [per_row("brier", Truth(arm.rows.y), arm.rows.scores) for arm in (seen.challenger, seen.champion)]
    apart = losses[0] - losses[1]
    total, squares = np.cumsum(apart), np.cumsum(apart**2)
    return bool((np.abs(total / np.sqrt(squares))[19:] > norm.ppf(0.975)).any())


@pytest.mark.parametrize("drift", [0.0, 2.0], ids=["calm", "storm"])
def test_in_a_canary_with_bursts_and_a_growing_share_too(drift):
    """Slow spells of two seconds, a share that goes from 5 to 50 %, and in the storm a world that changes meanwhile."""
    world = World(bursts=2.0, drift=drift, share=(0.05, 0.2, 0.5))
    bars, runs = Bars(errors=0, latency=1, margin=0, calibration=0, block=10), 40
    harmed = 0
    for seed in range(runs):
        seen = watched(world, 6_000, seed, paired=False)
        harmed += any(judge_stage(so_far, bars).harm for _, so_far in looks(seen, 300, 1.3))
    assert harmed / runs <= LEVEL + 2 * np.sqrt(LEVEL * (1 - LEVEL) / runs)


def test_bursts_that_are_taken_for_independent_requests_break_the_promise():
    world, runs = World(bursts=8.0, share=(0.3,)), 25
    harmed = dict.fromkeys((0.0, 20.0), 0)
    for seed in range(runs):
        seen = watched(world, 20_000, seed, paired=False)
        for block in harmed:
            bars = Bars(errors=None, agreement=None, quality=None, calibration=None, latency=1, block=block)
            harmed[block] += any(judge_stage(so_far, bars).harm for _, so_far in looks(seen, 500, 1.5))
    assert harmed[0.0] > 0.3 * runs
    assert harmed[20.0] <= 0.05 * runs + 2 * np.sqrt(0.05 * 0.95 * runs)


def test_a_challenger_beyond_a_bar_is_rarely_ever_called_good():
    """It fails 1 % more often where 0.5 are allowed; and all else is fine."""
    bars, runs = Bars(wanted=("errors",), quality=None, calibration=None, latency=None), 40
    good = 0
    for seed in range(runs):
        seen = watched(World(fails=0.0065), 8_000, seed, paired=True)
        good += any(judge_stage(so_far, bars).good for _, so_far in looks(seen, 300, 1.2))
    assert good / runs <= LEVEL + 2 * np.sqrt(LEVEL * (1 - LEVEL) / runs)
