"""Labels that come in other shares, and what they cost by themselves."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.monitors.label_drift import LabelDrift
from everfit.values import Outcome
from tests.monitors.conftest import rows, seen, without_labels
from tests.monitors.toys import BEFORE, coins, late, of_numbers, of_three
from tests.nulls import allowed, draws

RUNS = draws(150)
THREE = {"task": "multiclass", "names": ("a", "b", "c")}


def drawn(some, shares, seed=0):
    """Rows drawn anew so that labels come in these shares: pure label shift."""
    random = np.random.default_rng(seed)
    kept = np.concatenate(
        [random.choice(np.flatnonzero(some.y == label), int(share * some.rows)) for label, share in enumerate(shares)]
    )
    places = np.sort(random.permutation(kept))
    parts = (getattr(some, name)[places] for name in ("scores", "y", "heard", "losses"))
    return type(some)(some.at[places], some.day[places], tuple(c.of(places) for c in some.columns), *parts)


def test_labels_that_moved_alone_are_no_harm_and_those_the_model_is_bad_at_are():
    """Of three classes the model is hardly ever right about the third."""
    before = of_three(0, until=BEFORE, per_day=300)
    before = replace(before, losses=np.where(before.y == 2, 3.0, 1.0) * before.losses)
    easy, hard = (drawn(of_three(1, per_day=300), shares) for shares in ((0.5, 0.2, 0.3), (0.2, 0.2, 0.6)))
    moved = LabelDrift().watch(seen(before, easy, **THREE))
    assert moved.outcome is Outcome.PASSED
    assert "the share of a is 0.5 (was 0.3" in moved.reason
    assert "surely moved" in moved.reason
    found = LabelDrift().watch(seen(before, hard, **THREE))
    assert found.outcome is Outcome.FAILED
    assert found.low > 0.05
    assert "by itself that makes log loss" in found.reason


def test_where_labels_did_not_move_it_is_rarely_harm():
    random, harms = np.random.default_rng(1), 0
    for _ in range(RUNS):
        sides = (coins(random, 0.2, spread=0.3, until=BEFORE), coins(random, 0.2, spread=0.3))
        harms += LabelDrift(at_most_worse=0).watch(seen(*sides, loss="zero_one", level=0.05)).harms
    assert harms / RUNS <= allowed(RUNS)


def test_a_rate_of_ten_in_a_hundred_is_found_where_seven_have_been_told():
    """The published setting: rate .1, exponential delays of 10 days, 30 days; its interval is honest at either end."""
    random, naive, found, runs = np.random.default_rng(2), [], [], draws(80)
    before = coins(random, 0.1, until=BEFORE, per_day=100)
    for _ in range(runs):
        window = coins(random, 0.1, days=30, per_day=5000 // 30)
        window = late(window, random, 10, told=window.y == 1)
        signal = LabelDrift(labels="positives").watch(seen(before, window, loss="zero_one"))
        (part,) = signal.parts
        naive.append(np.nansum(window.y) / window.rows)
        found.append((part.effect, part.low, part.high))
        assert part.reason.startswith("the share of 1 is 0.")
    value, low, high = np.array(found).T
    assert np.mean(naive) == pytest.approx(0.068, abs=2e-3)
    assert np.mean(value) == pytest.approx(0.1, abs=3e-3)
    assert np.mean(low > 0.1) <= allowed(runs)
    assert np.mean(high < 0.1) <= allowed(runs)
    assert not signal.harms


def test_before_labels_come_the_answers_tell_but_are_blind_and_never_harm(reference):
    some = drawn(rows(1), (0.8, 0.2))
    found = LabelDrift().watch(seen(reference, without_labels(some)))
    assert found.blind_to == "concept drift"
    assert found.parts[0].effect == pytest.approx(0.2, abs=0.05)
    assert found.parts[0].low < 0.2 < found.parts[0].high
    assert found.reason.startswith("there are 0 labelled rows, and it takes 30; from 2,800 answers, if rows of each")
    worse = replace(reference, losses=np.where(reference.y == 1, 5.0, 1.0) * reference.losses)
    hurt = LabelDrift().watch(seen(worse, without_labels(drawn(rows(1), (0.2, 0.8)))))
    assert hurt.outcome is Outcome.CANNOT_TELL
    assert hurt.low > hurt.bar
    three = without_labels(drawn(of_three(1), (0.6, 0.2, 0.2)))
    shares = LabelDrift().watch(seen(of_three(0, until=BEFORE), three, **THREE)).parts
    assert {part.name: part.effect for part in shares}["the share of a"] == pytest.approx(0.6, abs=0.06)


def test_answers_that_do_not_depend_on_the_label_tell_nothing(reference):
    same = [replace(some, scores=some.scores * 0 + 0.4) for some in (reference, without_labels(rows(1)))]
    found = LabelDrift().watch(seen(*same))
    assert found.outcome is Outcome.CANNOT_TELL
    assert found.reason.endswith("and the answers hardly depend on the label")


def test_numbers_have_a_mean_and_cost_by_their_range():
    before, window = of_numbers(0, until=BEFORE, per_day=300), of_numbers(1, per_day=300)
    chosen = window.of(window.y > 5)
    as_numbers = {"task": "regression", "loss": "absolute"}
    found = LabelDrift().watch(seen(before, chosen, **as_numbers))
    assert found.harms
    assert "the mean label is 7." in found.reason
    assert not LabelDrift().watch(seen(before, window, **as_numbers)).harms
    none = LabelDrift().watch(seen(before, without_labels(window), **as_numbers))
    assert none.reason == "there are 0 labelled rows, and it takes 30"


def test_tasks_whose_rows_have_no_loss_say_so(reference):
    found = LabelDrift().watch(seen(without_labels(reference), rows(1), task="ranking", loss=""))
    assert found.outcome is Outcome.CANNOT_TELL
    assert "a row of a ranking task has no loss by itself" in found.reason
