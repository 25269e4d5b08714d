"""Policies held against each other: regret with its interval, and the Pareto front."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from everfit.cost import Prices, Use
from everfit.errors import DataError
from everfit.replay.outcome import Day, Hindsight, Outcome, Promotion, Retrain, compare

AT = datetime(2024, 1, 1, tzinfo=UTC)


def outcome(name: str, losses: list[float], seconds: float, first: int = 0) -> Outcome:
    days = tuple(Day(first + place, 10, 10 * loss) for place, loss in enumerate(losses))
    run = Retrain(AT, "r", "new data", (), {"train": Use(seconds, seconds, 1024.0)}, "promoted", "")
    return Outcome(name, "log_loss", days, (run,), (), 1, 0)


def test_the_front_has_what_nothing_beats_in_both():
    found = compare(
        [
            outcome("cheap", [0.6, 0.6], 1),
            outcome("dear", [0.5, 0.5], 9),
            outcome("worse for more", [0.7, 0.7], 2),
            outcome("same for more", [0.5, 0.5], 10),
        ]
    )
    assert [one.efficient for one in found] == [True, True, False, False]
    assert [round(one.regret, 3) for one in found] == [0.1, 0.0, 0.2, 0.0]


def test_only_days_count_on_which_all_had_a_champion():
    early, late = compare([outcome("early", [9.0, 0.5, 0.5], 1), outcome("late", [0.4, 0.4], 1, first=1)])
    assert (early.mean, late.mean) == (0.5, 0.4)
    with pytest.raises(DataError, match="no day on which each policy had a champion"):
        compare([outcome("early", [0.5], 1), outcome("late", [0.5], 1, first=5)])


def test_a_difference_that_days_do_not_agree_on_is_not_sure():
    sure, unsure, best = compare(
        [
            outcome("sure", [0.6, 0.61, 0.59, 0.6], 1),
            outcome("unsure", [0.4, 0.9, 0.3, 0.7], 1),
            outcome("best", [0.5, 0.5, 0.5, 0.5], 1),
        ]
    )
    assert sure.low > 0
    assert unsure.low < 0 < unsure.regret < unsure.high
    assert (best.regret, best.low, best.high) == (0.0, 0.0, 0.0)


def test_a_promotion_is_bad_when_it_is_surely_worse():
    told = [Hindsight(0.1, low, 0.2, 100, 10) for low in (0.01, -0.01)]
    assert [Promotion(AT, 2, 1, one).bad for one in (*told, None)] == [True, False, False]


def test_what_it_cost_is_told_by_the_price_list():
    one = outcome("one", [0.5], 3600)
    assert one.seconds == 3600
    assert one.money(Prices("EUR", cpu_core=2.0)) == pytest.approx(2.0)
