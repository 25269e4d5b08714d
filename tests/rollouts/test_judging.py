"""What the judge says of a shadow and of a canary whose truth is known."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from bench.watching import HARM, World, first, until, watched
from everfit.rollouts.bars import SIGNALS, Bars
from everfit.rollouts.judging import judge_stage, signals_of
from everfit.rollouts.seen import Arm, Rows, Watched
from everfit.statistics.calls import Calls
from everfit.values import Detail, Outcome, dump, load

SHADOW, CANARY = True, False
GUILTY = dict(zip(HARM, ("errors", "latency_p50", "quality", "calibration"), strict=True))


def parts(found):
    return {part.name: part for part in found.parts}


@pytest.mark.parametrize(("paired", "requests"), [(SHADOW, 10_000), (CANARY, 300_000)])
def test_a_challenger_as_good_as_the_champion_is_found_good(paired, requests):
    found = judge_stage(watched(World(), requests, 1, paired=paired))
    assert found.good, found.reason
    assert not found.harm
    for part in found.parts:
        assert part.low < part.effect < part.high <= part.bar
    assert set(parts(found)) == {*SIGNALS} - ({"agreement"} if not paired else set())


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize(("paired", "requests"), [(SHADOW, 20_000), (CANARY, 150_000)])
def test_harm_is_found_and_the_part_that_is_harmed_is_named(harm, paired, requests):
    seen = watched(HARM[harm], requests, 2, paired=paired)
    found = judge_stage(seen)
    part = parts(found)[GUILTY[harm]]
    assert found.harm
    assert part.outcome is Outcome.FAILED
    assert part.low > part.bar
    assert found.reason.startswith("harm: ")
    assert part.name in found.reason


def test_failing_requests_are_found_within_a_few_hundred():
    soon = [
        first(lambda found: found.harm, watched(World(fails=0.05), 4000, seed, paired=True), Bars())
        for seed in range(9)
    ]
    assert np.median([one or 4000 for one in soon]) < 700


def test_with_nothing_seen_everything_is_open():
    found = judge_stage(until(watched(World(), 100, 1, paired=True), -1.0))
    assert (found.good, found.harm) == (False, False)
    assert {part.outcome for part in found.parts} == {Outcome.CANNOT_TELL}
    assert found.reason == f"still open: {', '.join(SIGNALS)}"


def test_quality_and_calibration_wait_for_labels_and_the_rest_does_not():
    seen = watched(World(), 10_000, 3, paired=True)
    blind = replace(seen, challenger=_unlabelled(seen.challenger), champion=_unlabelled(seen.champion))
    found = judge_stage(blind)
    open_ = {part.name for part in found.parts if part.outcome is Outcome.CANNOT_TELL}
    assert open_ == {"quality", "calibration"}
    assert not found.good
    assert judge_stage(blind, Bars(wanted=("errors", "latency_p50", "latency_p99"))).good


def test_what_is_not_wanted_can_still_roll_back():
    seen = watched(World(slower=2.0), 10_000, 4, paired=True)
    assert judge_stage(seen, Bars(wanted=("errors",))).harm


def test_nothing_wanted_is_never_good():
    seen = watched(World(), 10_000, 3, paired=True)
    assert judge_stage(seen, Bars(wanted=())).outcome is Outcome.CANNOT_TELL
    off = Bars(errors=None, latency=None, agreement=None, quality=None, calibration=None)
    assert judge_stage(seen, off) == judge_stage(seen, off)
    assert judge_stage(seen, off).parts == ()


def test_the_same_in_another_order_is_the_same():
    seen = watched(World(worse=0.5), 5_000, 5, paired=True)
    turned = np.random.default_rng(0).permutation(5_000)
    arms = [_in_order(arm, turned) for arm in (seen.champion, seen.challenger)]
    one, two = judge_stage(seen), judge_stage(replace(seen, champion=arms[0], challenger=arms[1]))
    assert one == judge_stage(seen)
    for first_part, second in zip(one.parts, two.parts, strict=True):
        assert first_part.outcome is second.outcome
        ends = [[end or 0.0 for end in (part.low, part.high)] for part in (first_part, second)]
        assert ends[0] == pytest.approx(ends[1], rel=1e-6, abs=1e-9)


def test_a_share_that_grows_while_the_world_changes_is_no_difference():
    world = World(drift=2.0, share=(0.05, 0.2, 0.5))
    seen = watched(world, 60_000, 6, paired=False)
    pooled = [np.nanmean((arm.rows.scores - arm.rows.y) ** 2) for arm in (seen.challenger, seen.champion)]
    found = parts(judge_stage(seen))["quality"]
    assert pooled[0] > 1.05 * pooled[1], "who pools over time sees a worse challenger"
    assert found.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("task", "loss", "levels", "columns"),
    [("multiclass", "log_loss", (), 3), ("quantile", "pinball", (0.1, 0.5, 0.9), 3), ("regression", "absolute", (), 0)],
)
def test_other_tasks_are_judged_by_what_they_have(task, loss, levels, columns):
    found = judge_stage(_other(task, loss, levels, columns), Bars(apart=1.0, agreement=0.5))
    expected = {*SIGNALS} - ({"calibration"} if task == "regression" else set())
    assert set(parts(found)) == expected
    assert parts(found)["quality"].outcome is Outcome.PASSED
    assert found.good, found.reason


def test_what_cannot_be_judged_takes_nothing_of_the_level():
    seen = _other("regression", "absolute", (), 0)
    assert signals_of(seen, Bars()) == ("errors", "latency_p50", "latency_p99", "quality")
    assert "agreement" in signals_of(seen, Bars(apart=5.0))
    survival = replace(seen, task="survival", loss="aft_nloglik")
    assert "quality" not in signals_of(survival, Bars())
    assert "quality" in signals_of(survival, Bars(margin=0.1))
    assert "quality" not in signals_of(replace(seen, loss=""), Bars(margin=0.1))


def test_a_margin_is_in_units_of_the_loss():
    seen = watched(World(worse=0.7), 10_000, 7, paired=True)
    by = parts(judge_stage(seen, Bars(margin=0.01)))["quality"]
    assert 0.01 < by.effect < 0.1
    assert by.outcome is Outcome.FAILED
    assert parts(judge_stage(seen, Bars(margin=0.5)))["quality"].outcome is Outcome.PASSED


def test_the_same_answers_to_everything_are_good_in_time_and_never_harm():
    seen = watched(World(), 20_000, 8, paired=True)
    same = replace(seen, challenger=seen.champion)
    strict = Bars(errors=0.0005, quality=0.0, calibration=0.05, block=1.0)
    assert not judge_stage(until(same, 5.0), strict).harm
    found = parts(judge_stage(same, strict))
    assert (found["quality"].effect, found["quality"].outcome) == (0.0, Outcome.PASSED)


def test_parts_travel_as_json():
    for part in judge_stage(until(watched(World(), 1000, 9, paired=False), 20.0)).parts:
        assert load(Detail, dump(part)) == part


def test_a_hundred_thousand_requests_are_judged_in_a_tenth_of_a_second():
    """Of this process's time, with room for a slow machine; a server judges once a minute."""
    for paired in (SHADOW, CANARY):
        seen = watched(World(), 100_000, 10, paired=paired)
        judge_stage(seen)
        taken = []
        for _ in range(3):
            began = time.process_time()
            judge_stage(seen)
            taken.append(time.process_time() - began)
        assert min(taken) < 0.3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"errors": -0.1}, r"errors: wanted a number from 0 to 1, found -0\.1"),
        ({"latency": 0}, "latency: wanted a number above 0, found 0"),
        ({"quality": -1}, "quality: wanted a number of at least 0, found -1"),
        ({"block": -1}, "block: wanted a number of at least 0, found -1"),
        ({"wanted": ("error",)}, "wanted: there is no 'error'; did you mean 'errors'"),
    ],
)
def test_wrong_bars_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        Bars(**setting)


def test_columns_that_do_not_fit_are_refused():
    calls, rows = Calls(np.zeros(2), np.zeros(2, bool), np.zeros(2)), Rows(np.zeros(1), np.zeros(1), np.zeros(1))
    with pytest.raises(ValueError, match=r"champion\.calls: wanted columns of one length, found 2, 2, 1"):
        Watched("binary", "brier", Arm(replace(calls, seconds=np.zeros(1)), rows), Arm(calls, rows), paired=False)
    one = Calls(np.zeros(1), np.zeros(1, bool), np.zeros(1))
    with pytest.raises(ValueError, match="calls of a pair: wanted columns of one length, found 2, 1"):
        Watched("binary", "brier", Arm(calls, rows), Arm(one, rows), paired=True)
    later = Calls(np.ones(2), np.zeros(2, bool), np.zeros(2))
    with pytest.raises(ValueError, match="calls of a pair: wanted the same times for both"):
        Watched("binary", "brier", Arm(calls, rows), Arm(later, rows), paired=True)
    with pytest.raises(ValueError, match="loss: there is no 'ndcg_loss'"):
        Watched("ranking", "ndcg_loss", Arm(calls, rows), Arm(calls, rows), paired=True)


def _unlabelled(arm):
    return replace(arm, rows=replace(arm.rows, y=np.full(len(arm.rows.y), np.nan)))


def _in_order(arm, order):
    calls, rows = arm.calls, arm.rows
    return Arm(
        Calls(calls.at[order], calls.failed[order], calls.seconds[order]),
        Rows(rows.at[order], rows.scores[order], rows.y[order]),
    )


def _other(task, loss, levels, columns, n=20_000):
    """Two versions that see the truth through noise."""
    rng = np.random.default_rng(0)
    at, middle = np.arange(n) / 20.0, rng.normal(10, 2, n)
    arms = []
    y = middle + rng.normal(size=n)
    chances = rng.dirichlet([2.0, 3.0, 4.0], n)
    if task == "multiclass":
        y = (rng.random(n)[:, None] > np.cumsum(chances, axis=1)[:, :-1]).sum(axis=1).astype(float)
    for _ in range(2):
        noise = 0.05 * rng.normal(size=n)
        scores = middle + noise
        if task == "multiclass":
            scores = chances * np.exp(0.05 * rng.normal(size=(n, columns)))
            scores /= scores.sum(axis=1, keepdims=True)
        elif columns:
            scores = scores[:, None] + np.array([-1.2816, 0.0, 1.2816])
        arms.append(Arm(Calls(at, rng.random(n) < 0.001, rng.lognormal(-5, 0.4, n)), Rows(at, scores, y)))
    return Watched(task, loss, arms[0], arms[1], paired=True, levels=levels)
