"""Tests that come one after another without end: how much chance of error the next one may spend.

A stream of decisions each taken at 5 % makes mistakes for ever, and where little is gained most of what passes is one.
An online procedure gives each test a level that depends only on what the earlier ones said, so that of all that ever
passes at most a stated share is wrong. What it gives away shrinks from test to test, and each success pays for more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

Shares = Callable[[int], float]
"""How the chance of error is spread over the tests to come: the share of the 1st, 2nd, ... of them, 1 in all."""


@dataclass(frozen=True)
class Decided:
    """One test of the stream: its p-value, whether it passed (was rejected, as statisticians say), and which data it
    was made `on`. Two tests on some of the same data may depend on each other in any way."""

    p: float
    passed: bool
    on: frozenset[str] = field(default_factory=frozenset)


def by_recency(j: int) -> float:
    """The shares of Javanmard and Montanari (Annals of Statistics 46 (2018) 526-554, equation 31), for endless streams.

    >>> round(by_recency(1), 6), round(by_recency(2), 6)
    (0.053517, 0.011638)
    """
    return 0.07720838 * math.log(max(j, 2)) / (j * math.exp(math.sqrt(math.log(j))))


def by_power(exponent: float = 1.6) -> Shares:
    """Shares that fall as a power of the test's number, for endless streams: 1.6 is what ADDIS is published with.

    >>> round(by_power(1.6)(1), 6)
    0.43749
    """
    from scipy.special import zeta

    whole = float(zeta(exponent))
    return lambda j: j**-exponent / whole


@cache
def over(tests: int) -> Shares:
    """Shares for a stream that ends after so many tests: they fall as the root of the test's number.

    Nothing is kept for a time that does not come, so that each test gets several times as much as in an endless stream.
    The root is between sharing evenly (best at the end) and spending at once (best for a model that is still bad).

    >>> even = [round(over(4)(j), 3) for j in range(1, 6)]
    >>> even
    [0.359, 0.254, 0.207, 0.18, 0.0]
    """
    whole = math.fsum(j**-0.5 for j in range(1, tests + 1))
    return lambda j: j**-0.5 / whole if j <= tests else 0.0


@dataclass(frozen=True)
class Lord:
    """LORD++: levels based on recent discovery; at most `share` of what passes is wrong.

    To begin with, `start` of the share is to be spent (all of it by default); each test that passes after the first
    pays one whole share back, and the first what was missing at the start. Holds for the expected wrong passes over
    the expected passes (mFDR) wherever a p-value is honest given all that was decided before, as it is for a new model
    on new rows, whatever models came of those decisions; and for the expected share (FDR) if tests are independent.
    Tests on some of the same rows may depend on each other in any way: a pass pays only tests on other rows than its
    own. So it is spent for, but not trusted.

    Sources: Ramdas, Yang, Wainwright and Jordan, NIPS 2017 (LORD++); Zrnic, Ramdas and Jordan, J. Machine Learning
    Research 22 (2021) no. 33 (tests that conflict).

    >>> lord = Lord(0.05, shares=by_recency, start=0.005)
    >>> round(lord.level([]), 7), round(lord.level([Decided(2.9e-08, True)]), 7)
    (0.0002676, 0.0024664)
    """

    share: float
    shares: Shares
    start: float | None = None

    def level(self, earlier: Sequence[Decided], on: frozenset[str] = frozenset()) -> float:
        """The level of the next test, which is made `on` that data, after the `earlier` ones, the oldest first."""
        return self.level_at(len(earlier) + 1, payments(earlier, on))

    def level_at(self, number: int, paid: Sequence[int]) -> float:
        """The level of the test of that number, if passes paid at these (the numbers of the tests before)."""
        start = self.share if self.start is None else self.start
        worth = [self.share - start, *[self.share] * (len(paid) - 1)]
        spent = (each * self.shares(number - when) for each, when in zip(worth, sorted(paid), strict=False))
        return start * self.shares(number) + math.fsum(spent)


def payments(earlier: Sequence[Decided], on: frozenset[str]) -> tuple[int, ...]:
    """After which tests the passes pay a test `on` that data: each after the last one that was on data of its own.

    >>> week = [Decided(0.001, True, frozenset({"w1", "w2"})), Decided(0.5, False, frozenset({"w2", "w3"}))]
    >>> payments(week, frozenset({"w3", "w4"})), payments(week, frozenset({"w2"})), payments(week[:1], frozenset())
    ((2,), (), (1,))
    """
    whens: list[int] = []
    for at, test in enumerate(earlier):
        if test.passed and test.on.isdisjoint(on):
            after = at + 1
            while after < len(earlier) and not test.on.isdisjoint(earlier[after].on):
                after += 1
            whens.append(after)
    return tuple(whens)
