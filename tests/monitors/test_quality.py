"""The loss by labels, also by those that have not come."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.monitors.quality import Quality
from everfit.values import Outcome
from tests.monitors.conftest import NOW, rows, seen, without_labels
from tests.monitors.toys import BEFORE, coins, late, of_numbers, of_three
from tests.nulls import allowed, draws

RUNS = draws(150)


def worse(x, city):
    return 1 / (1 + np.exp(-(0.3 * x - 0.2)))


def test_a_quiet_month_is_no_harm_and_a_turned_world_is(reference):
    assert not Quality().watch(seen(reference, rows(1))).harms
    found = Quality().watch(seen(reference, rows(1, truth=worse)))
    assert found.outcome is Outcome.FAILED
    assert found.low > found.bar == 0.05
    assert found.reason == (
        "log loss is 0.7445, 29 % above the 0.5771 that it was judged with (surely 23 % or more), on 2,800 labelled "
        "rows of 28 days"
    )
    assert (found.n, len(found.course), found.level) == (2800, 56, 0.99)
    assert found.course[-1].until == "2013-07-01"


def test_better_is_no_harm(reference):
    found = Quality().watch(seen(reference, rows(1, moved=1.5)))
    assert found.outcome is Outcome.PASSED
    assert "14 % below the 0.5771 that it was judged with (surely" in found.reason


@pytest.mark.parametrize(("days", "spread"), [(28, 0.0), (28, 0.4), (7, 0.4)])
def test_quiet_windows_are_harm_no_more_often_than_the_level_says(days, spread):
    """At a bar of nothing at all, which is where chance is nearest."""
    random, harms = np.random.default_rng([1, days, int(10 * spread)]), 0
    for _ in range(RUNS):
        before = coins(random, 0.2, spread=spread, until=BEFORE)
        window = coins(random, 0.2, spread=spread, days=days)
        harms += Quality(at_most_worse=0).watch(seen(before, window, loss="zero_one", level=0.05)).harms
    assert harms / RUNS <= allowed(RUNS)


def test_ten_in_a_hundred_come_out_where_seven_have_been_told():
    """The published setting: rate .1, exponential delays of 10 days, 30 days, through the monitor; positives are the
    errors of a model that says no to all."""
    random, naive, found, runs = np.random.default_rng(2), [], [], draws(80)
    before = coins(random, 0.1, per_day=500, until=BEFORE)
    for _ in range(runs):
        window = coins(random, 0.1, days=30, per_day=5000 // 30)
        window = late(window, random, 10, told=window.y == 1)
        signal = Quality(labels="positives").watch(seen(before, window, loss="zero_one", level=0.05))
        naive.append(np.nansum(window.y) / window.rows)
        found.append((1 + np.array([signal.effect, signal.low, signal.high])) * before.losses.mean())
    value, low, high = np.array(found).T
    assert np.mean(naive) == pytest.approx(0.0683, abs=2e-3)
    assert np.mean(value) == pytest.approx(0.1, abs=3e-3)
    assert np.mean(low > 0.1) <= allowed(runs)
    assert np.mean(high < 0.1) <= allowed(runs)
    assert "of positives have been told" in signal.reason


def test_labels_of_one_kind_that_come_late_do_not_hide_harm_nor_make_it():
    """Errors are told after 8 days, right answers after one: of the labels that came too few are errors."""
    random, quiet, harmed = np.random.default_rng(3), 0, 0
    before = coins(random, 0.2, per_day=500, until=BEFORE)
    runs = draws(25)
    for _ in range(runs):
        for rate in (0.2, 0.3):
            window = coins(random, rate, per_day=150)
            window = late(window, random, np.where(window.y == 1, 8, 1))
            assert np.nanmean(window.losses) < rate - 0.02
            harm = Quality(at_most_worse=0).watch(seen(before, window, loss="zero_one", level=0.05)).harms
            quiet, harmed = quiet + (harm and rate == 0.2), harmed + (harm and rate == 0.3)
    assert quiet / runs <= allowed(runs)
    assert harmed / runs > 0.8


def test_what_cannot_be_told_is_said(reference):
    some = rows(1)
    told = {
        "there are 0 labelled rows, and it takes 30": seen(reference, without_labels(some)),
        "the labelled rows are of 1 day, and it takes 7": seen(reference, rows(1, days=1)),
        "the window has no row with an answer": seen(reference, replace(some, scores=some.scores * np.nan)),
        "a row of a ranking task has no loss by itself": seen(without_labels(reference), some, task="ranking", loss=""),
        "the loss that the version was judged with is 0": seen(replace(reference, losses=reference.losses * 0), some),
        "the rows that the version was judged on are of 3 days": seen(rows(0, days=3), some),
    }
    for words, situation in told.items():
        found = Quality().watch(situation)
        assert found.outcome is Outcome.CANNOT_TELL
        assert words in found.reason
    assert "only of a binary task" in Quality(labels="positives").watch(seen(reference, some, task="regression")).reason
    few = Quality(labels="positives").watch(seen(reference, without_labels(some)))
    assert few.reason == "there are 0 positives that were told, and it takes 30"


def test_a_row_without_an_answer_does_not_count_and_a_label_that_came_after_the_window_has_not_come(reference):
    some = rows(1)
    part = replace(some, scores=np.where(np.arange(some.rows) % 2, np.nan, some.scores))
    part = replace(part, losses=np.where(np.isnan(part.scores), np.nan, some.losses))
    assert Quality().watch(seen(reference, part)).n == 1400
    heard = np.where(np.arange(some.rows) % 2, NOW.timestamp() + 60, some.at)
    found = Quality().watch(seen(reference, replace(some, heard=heard)))
    assert found.n == 1400
    assert found.reason.endswith("; 50 % of labels have come")


def test_rows_that_were_all_asked_on_one_day_have_their_own_days_and_no_law_of_delays(reference):
    """Rows may bring the time that they are of: then many days are asked about at once."""
    some = rows(1)
    once = replace(some, at=np.linspace(NOW.timestamp() - 9000, NOW.timestamp() - 8000, some.rows))
    some = replace(some, heard=some.at)
    late_ones = replace(once, heard=np.where(np.arange(some.rows) % 2, once.at, NOW.timestamp() - 5))
    plain = Quality().watch(seen(reference, some))
    assert Quality().watch(seen(reference, late_ones)).effect == plain.effect
    early = replace(once, at=once.at - 86400 * 3, heard=late_ones.heard)
    assert Quality().watch(seen(reference, early)).effect == plain.effect
    found = Quality(labels="positives").watch(seen(reference, early))
    assert found.reason == (
        "the rows of which positives can have been told are of 1 day, and it takes 7 to know how much days differ"
    )


def test_a_corrected_label_counts_as_its_newest(reference):
    some = rows(1, truth=worse)
    better = rows(1)
    corrected = replace(better, heard=np.minimum(better.at + 3600, NOW.timestamp() - 1))
    assert Quality().watch(seen(reference, some)).harms
    assert not Quality().watch(seen(reference, corrected)).harms


def test_other_tasks_have_their_own_losses():
    three = (of_three(seed, until=until, turned=turned) for seed, until, turned in ((0, BEFORE, 0), (1, NOW, 0.4)))
    numbers, quantiles = (
        (of_numbers(0, until=BEFORE, columns=columns), of_numbers(1, off=1, columns=columns)) for columns in (1, 2)
    )
    assert Quality().watch(seen(*three, task="multiclass", names=("a", "b", "c"))).harms
    assert "mean absolute error is" in Quality().watch(seen(*numbers, task="regression", loss="absolute")).reason
    levels = {"task": "quantile", "loss": "pinball", "levels": (0.2, 0.8)}
    assert Quality().watch(seen(*quantiles, **levels)).harms


def test_numbers_that_come_late_are_allowed_for_by_their_range():
    """High numbers come late and are hard."""
    random, before, found = np.random.default_rng(5), of_numbers(0, until=BEFORE, per_day=500), []
    for seed in range(12):
        some = of_numbers(seed + 1, per_day=150)
        window = late(some, random, np.where(some.y > 5, 6, 0.5))
        assert np.nanmean(window.losses) < some.losses.mean()
        found.append(Quality().watch(seen(before, window, task="regression", loss="absolute")).effect)
    assert np.mean(found) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"at_most_worse": -1}, "at_most_worse: wanted a number of at least 0"), ({"labels": "some"}, "no 'some'")],
)
def test_settings_that_mean_nothing_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        Quality(**settings)


def test_days_of_few_rows_are_drawn_by_week(reference):
    found = Quality().watch(seen(reference, rows(1, per_day=10)))
    weeks = [point for point in found.course if point.since >= "2013-06-01"]
    assert [point.since for point in weeks] == ["2013-06-03", "2013-06-10", "2013-06-17", "2013-06-24"]
    assert sum(point.n for point in weeks) == 280
    assert all(point.low < point.value < point.high for point in found.course)
