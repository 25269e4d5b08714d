"""Is retraining worth it: published numbers, the best plan in hindsight, and a policy that stays near it."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.statistics.retraining import Watch, by_age, hindsight, played, regret, worth_retraining
from everfit.statistics.staleness import Line

COST, STEPS = 50.0, 200
LINEAR = by_age(lambda age: age, STEPS)


def growing(rate):
    """A model loses `rate(step)` times its age in each step."""
    rates = np.array([rate(step) for step in range(STEPS)], dtype=float)
    ages = np.arange(STEPS)[None] - np.arange(STEPS)[:, None]
    return np.where(ages >= 0, ages * rates[None], 0.0)


def follow(stale, noise=0.0, seed=0, fresh=10.0, cost=COST):
    """What the policy does, who sees losses with noise and nothing else."""
    random = np.random.default_rng(seed)
    watch, start, done = Watch(cost), 0, []
    for step in range(len(stale)):
        watch = watch.step(fresh + stale[start, step] + noise * random.normal())
        if step + 1 < len(stale) and watch.owed().due:
            watch, start = watch.retrained(), step + 1
            done.append(start)
    return regret(stale, done, cost)


def test_the_best_plan_on_linear_staleness_is_every_ten_steps():
    plan = hindsight(LINEAR, COST)
    assert plan.cost == 1850
    assert plan.retrains == tuple(range(10, 200, 10))
    costs = [played(LINEAR, range(every, STEPS, every), COST).cost for every in (10, 7, 20, 1)]
    assert costs == [1850, 1994, 2350, 9950]


@settings(max_examples=25)
@given(st.lists(st.lists(st.floats(0, 10), min_size=7, max_size=7), min_size=7, max_size=7), st.floats(0.1, 20))
def test_no_plan_is_better_than_the_best_in_hindsight(stale, cost):
    stale = np.triu(np.array(stale))
    best = hindsight(stale, cost)
    every = [played(stale, plan, cost).cost for size in range(7) for plan in combinations(range(1, 7), size)]
    assert best.cost == pytest.approx(min(every))
    assert played(stale, best.retrains, cost).cost == pytest.approx(best.cost)


def test_the_policy_finds_the_best_plan_where_it_sees_clearly():
    found = follow(LINEAR)
    assert found.plan.cost == 1850
    assert (found.value, found.ratio) == (0, 1)


WORLDS = {
    "steady": LINEAR,
    "three times as fast from the middle": growing(lambda step: 1 if step < 100 else 3),
    "a quarter as fast from the middle": growing(lambda step: 1 if step < 100 else 0.25),
    "slow": growing(lambda step: 0.3),
    "by the square": by_age(lambda age: 0.1 * age**2, STEPS),
    "by the root": by_age(lambda age: 3 * age**0.5, STEPS),
}


@pytest.mark.parametrize("noise", [1.0, 5.0, 10.0])
@pytest.mark.parametrize("world", WORLDS)
def test_the_policy_stays_within_three_tenths_of_the_best_plan(world, noise):
    ratios = [follow(WORLDS[world], noise, seed).ratio for seed in range(12)]
    assert np.mean(ratios) < 1.3
    assert follow(WORLDS[world]).ratio < 1.1


def test_where_nothing_gets_stale_it_hardly_ever_retrains():
    still = np.zeros((STEPS, STEPS))
    assert follow(still).plan.retrains == ()
    counts = [len(follow(still, 5.0, seed).plan.retrains) for seed in range(20)]
    assert np.mean(counts) < 3  # of 199 that could be, at noise that adds up to the cost in a hundred steps


def test_a_jump_is_paid_for_at_most_twice():
    jump = np.where((np.arange(STEPS)[None] >= 37) & (np.arange(STEPS)[:, None] < 37), 8.0, 0.0)
    found = follow(jump)
    assert found.best.cost == COST
    assert found.plan.cost <= 2 * COST
    assert follow(jump, 1.0).ratio < 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, 5.0, 20.0]), min_size=40, max_size=40))
def test_whatever_drifts_it_pays_little_more_than_twice_the_best(events):
    """Older models are never better, losses are seen clearly and the fresh level is known."""
    total = np.cumsum(events)
    stale = np.maximum(total[None] - total[:, None], 0.0)
    watch, start, done = Watch(COST), 0, []
    for _ in range(50):
        watch = watch.step(10.0)
    watch = watch.retrained()
    for step in range(len(stale)):
        watch = watch.step(10.0 + stale[start, step])
        if step + 1 < len(stale) and watch.owed().due:
            watch, start = watch.retrained(), step + 1
            done.append(start)
    found = regret(stale, done, COST)
    assert found.plan.cost <= 3 * found.best.cost + COST


def test_what_more_rows_bring_is_owed_too():
    watch = Watch(COST)
    for _ in range(30):
        watch = watch.step(10.0, more=2.0)
    assert watch.owed().value == pytest.approx(60)
    assert watch.owed().due
    assert watch.retrained().owed().value == 0


def test_what_a_retrain_saves_is_told_before_it_is_paid():
    line = Line(10.0, 1.0, 0.2, 1.0)
    found = worth_retraining(line, age=10, cost=COST, ahead=10)
    assert (found.saves, found.net, found.error) == (100, 50, pytest.approx(20))
    assert found.chance == pytest.approx(0.99379, abs=1e-4)
    assert worth_retraining(line, age=0, cost=COST, ahead=10).chance == 0
    with_rows = worth_retraining(line, age=0, cost=COST, ahead=10, gain=(6.0, 1.0))
    assert (with_rows.net, with_rows.error) == (10, 10)
