"""What a rule of promotion does over a year: 52 weekly challengers that are on average no better than the first.

A challenger's true quality is drawn with a spread of .5 points around where the model began; the holdout tells its
difference from the champion with a standard error of .7 points, as a small one does, or of .3, as one five times as
large does. A promotion is bad if the challenger is truly worse than the champion that it replaces.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from everfit.statistics.e_lond import ELond
from everfit.statistics.online import Decided, Lord, over

YEARS, WEEKS, SPREAD, MARGIN = 6000, 52, 0.5, 0.5
SMALL, LARGE = 0.7, 0.3
PAGE = Path(__file__).parents[2] / "docs/how-to/promotion-budget.md"


@dataclass(frozen=True)
class Year:
    """Averages over the simulated years: promotions, bad ones, what was gained in points."""

    promotions: float
    bad: float
    gain: float
    share: float


Level = Callable[[int, tuple[int, ...]], float]


def fixed(level: float) -> Level:
    return lambda week, passes: level


def lord(share: float) -> Level:
    budget = Lord(share, over(WEEKS))
    return cache(lambda week, passes: min(budget.level_at(week, passes), 0.05))


def e_lond(share: float) -> Level:
    budget = ELond(share, over(WEEKS))
    return cache(lambda week, passes: budget.level([Decided(0, i < len(passes)) for i in range(week - 1)]))


RULES: dict[str, tuple[Level, float]] = {
    "a larger number": (fixed(0.5), 0.0),
    "superiority, each at 5 %": (fixed(0.05), 0.0),
    "non-inferiority by .5, each at 5 %": (fixed(0.05), MARGIN),
    "superiority, budget 20 %": (lord(0.2), 0.0),
    "superiority, budget 10 %": (lord(0.1), 0.0),
    "non-inferiority by .5, budget 20 %": (lord(0.2), MARGIN),
    "superiority, budget 20 %, e-values": (e_lond(0.2), 0.0),
}


@cache
def year(rule: str, noise: float, spread: float = SPREAD) -> Year:
    """What the rule does; with a spread of 0, every challenger is exactly as good as the champion."""
    level, margin = RULES[rule]
    random = np.random.default_rng(1)
    champion, promotions, bad = np.zeros(YEARS), np.zeros(YEARS), np.zeros(YEARS)
    passes: list[tuple[int, ...]] = [()] * YEARS
    for week in range(1, WEEKS + 1):
        better = random.normal(0, spread, YEARS) - champion if spread else np.zeros(YEARS)
        p = norm.sf((better + margin + random.normal(0, noise, YEARS)) / noise)
        promoted = p <= np.array([level(week, before) for before in passes])
        promotions, bad = promotions + promoted, bad + (promoted & (better < (0 if spread else 1)))
        champion = np.where(promoted, champion + better, champion)
        for one in np.flatnonzero(promoted):
            passes[one] += (week,)
    return Year(promotions.mean(), bad.mean(), champion.mean(), bad.sum() / promotions.sum())


@pytest.mark.parametrize(
    ("rule", "promotions", "bad", "gain"),
    [
        ("a larger number", 15.5, 7.3, 0.61),
        ("superiority, each at 5 %", 2.0, 0.40, 0.81),
        ("non-inferiority by .5, each at 5 %", 4.6, 1.6, 0.83),
    ],
)
def test_without_a_budget_a_year_goes_as_it_is_known_to_go(rule, promotions, bad, gain):
    found = year(rule, SMALL)
    assert found.promotions == pytest.approx(promotions, rel=0.05)
    assert found.bad == pytest.approx(bad, rel=0.1)
    assert found.gain == pytest.approx(gain, abs=0.03)


def test_what_each_decision_at_5_percent_lets_through_over_a_year():
    assert year("a larger number", SMALL).share > 0.4
    assert year("superiority, each at 5 %", SMALL).share > 0.15
    assert year("superiority, each at 5 %", LARGE, 0).promotions == pytest.approx(52 * 0.05, rel=0.05), (
        "all for nothing"
    )


@pytest.mark.parametrize("noise", [SMALL, LARGE])
@pytest.mark.parametrize(
    ("rule", "share"),
    [
        ("superiority, budget 20 %", 0.2),
        ("superiority, budget 10 %", 0.1),
        ("superiority, budget 20 %, e-values", 0.2),
    ],
)
def test_the_budget_holds_over_a_year(rule, share, noise):
    assert year(rule, noise).share <= share
    assert year(rule, noise, 0).promotions <= 1.03 * share, "no year has a promotion in which nothing was to be gained"


def test_the_budget_lets_through_what_a_fit_holdout_shows():
    with_budget, without = year("superiority, budget 20 %", LARGE), year("superiority, each at 5 %", LARGE)
    assert with_budget.promotions > 1
    assert with_budget.gain > 0.85 * without.gain
    assert with_budget.bad < 0.15 * without.bad
    assert with_budget.gain > year("superiority, budget 20 %, e-values", LARGE).gain
    assert year("non-inferiority by .5, budget 20 %", SMALL).gain > 0.7


def table() -> str:
    """The table of the page."""
    lines = [
        "| rule | promotions | bad | gain | with a larger holdout: promotions | bad | gain |",
        "|---|---|---|---|---|---|---|",
    ]
    for rule in RULES:
        of = [
            f"{one.promotions:.1f} | {one.bad:.2f} | {one.gain:.2f}" for one in (year(rule, SMALL), year(rule, LARGE))
        ]
        lines.append(f"| {rule} | {' | '.join(of)} |")
    return "\n".join(lines)


def test_the_page_shows_what_the_simulation_found():
    rows = {
        cells[0]: cells[1:]
        for cells in (
            re.split(r"\s*\|\s*", line.strip("| ")) for line in PAGE.read_text().splitlines() if line.startswith("|")
        )
    }
    for rule in RULES:
        told = [float(cell) for cell in rows[rule]]
        found = [
            value for one in (year(rule, SMALL), year(rule, LARGE)) for value in (one.promotions, one.bad, one.gain)
        ]
        assert told == pytest.approx(found, abs=0.06), rule
