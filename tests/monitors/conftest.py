"""A model in production whose world a test may change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from everfit.monitors import Rows, Seen
from everfit.statistics.decay.columns import Column
from everfit.statistics.losses import per_row
from everfit.statistics.truth import Truth

NOW = datetime(2013, 7, 1, tzinfo=UTC)
CITIES = ("EWR", "JFK", "LGA")


def chance(x: np.ndarray, city: np.ndarray) -> np.ndarray:
    """What the model has learnt, rightly: P(1) given one number and one category; the number `other` plays no part."""
    return 1 / (1 + np.exp(-(x - 0.5 + 0.8 * (city == 1))))


def rows(
    seed: int,
    *,
    days: int = 28,
    per_day: int = 100,
    until: datetime = NOW,
    moved: float = 0.0,
    other: float = 0.0,
    spread: float = 0.0,
    truth: Callable[[np.ndarray, np.ndarray], np.ndarray] = chance,
) -> Rows:
    """Binary rows of so many days: `moved` and `other` shift the two numbers, `spread` is how much days differ in the
    first, `truth` is what the world really does."""
    random = np.random.default_rng(seed)
    n = days * per_day
    first = until - timedelta(days=days)
    at = np.sort(random.uniform(first.timestamp(), until.timestamp(), n))
    x, beside = random.normal(moved, 1, n), random.normal(other, 1, n)
    x += np.random.default_rng([seed, 1]).normal(0, spread, days)[((at - first.timestamp()) // 86400).astype(int)]
    city = random.integers(0, 3, n).astype(float)
    scores = chance(x, city)
    y = (random.random(n) < truth(x, city)).astype(float)
    columns = (Column("x", x), Column("other", beside), Column("city", city, CITIES))
    return Rows(at, (at // 86400).astype(np.int64), columns, scores, y, at, per_row("log_loss", Truth(y), scores))


def without_labels(some: Rows) -> Rows:
    """The same before any label came."""
    gone = np.full(some.rows, np.nan)
    return replace(some, y=gone, heard=gone, losses=gone)


def seen(reference: Rows, window: Rows, **others: object) -> Seen:
    """Both sides of a binary model that leans on `x` much, on `city` a little, and on `other` not at all."""
    usual = Seen(
        now=NOW,
        task="binary",
        loss="log_loss",
        reference=reference,
        window=window,
        level=0.01,
        born=NOW - timedelta(days=60),
        serving=NOW - timedelta(days=30),
        leans={"x": 0.3, "other": 0.0, "city": 0.08},
    )
    return replace(usual, **others)


@pytest.fixture(scope="session")
def reference() -> Rows:
    """The month that the model was judged on."""
    return rows(0, until=NOW - timedelta(days=30))
