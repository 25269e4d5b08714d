"""Rows of a model that always says the same, whose errors and late labels a test deals."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from everfit.monitors import Rows
from everfit.statistics.losses import per_row
from everfit.statistics.truth import Truth
from tests.monitors.conftest import NOW

DAY = 86400.0
BEFORE = NOW - timedelta(days=30)


def coins(random, rate, *, days=28, per_day=60, spread=0.0, until=NOW):
    """Rows of which a share `rate` is positive (a number, or one by day), on days that differ; all are scored 0."""
    n = days * per_day
    at = np.sort(random.uniform(until.timestamp() - days * DAY, until.timestamp(), n))
    day = (at // DAY).astype(np.int64)
    by_day = np.broadcast_to(rate, days) * np.exp(random.normal(0, spread, days) - spread**2 / 2)
    y = (random.random(n) < by_day.clip(0, 1)[day - day.min()]).astype(float)
    return Rows(at, day, (), np.zeros(n), y, at, y.copy())


def late(some, random, mean, *, told=None):
    """The same as known at the end of the window: labels come after exponential delays of so many days on average
    (one for all rows or one for each), and only those of `told` rows ever."""
    heard = some.at + random.exponential(mean, some.rows) * DAY
    gone = heard >= NOW.timestamp()
    if told is not None:
        gone |= ~told
    y, heard, losses = (np.where(gone, np.nan, value) for value in (some.y, heard, some.losses))
    return replace(some, y=y, heard=heard, losses=losses)


def of_numbers(seed, *, off=0.0, columns=1, until=NOW, days=28, per_day=100):
    """Rows of a regression: `off` is added to what comes, errors are larger where the input is."""
    random = np.random.default_rng(seed)
    n = days * per_day
    at = np.sort(random.uniform(until.timestamp() - days * DAY, until.timestamp(), n))
    x = random.uniform(0, 1, n)
    y = 10 * x + off + random.normal(0, 0.5 + x, n)
    scores = 10 * x if columns == 1 else 10 * x[:, None] + np.array([-1.0, 1.0])[None, :]
    loss, truth = ("absolute", Truth(y)) if columns == 1 else ("pinball", Truth(y, levels=(0.2, 0.8)))
    return Rows(at, (at // DAY).astype(np.int64), (), scores, y, at, per_row(loss, truth, scores))


def of_three(seed, *, turned=0.0, until=NOW, days=28, per_day=100):
    """Rows of three classes; of a share `turned` of them the class is any."""
    random = np.random.default_rng(seed)
    n = days * per_day
    at = np.sort(random.uniform(until.timestamp() - days * DAY, until.timestamp(), n))
    scores = random.dirichlet([1.0, 1.0, 1.0], n)
    y = (random.random(n)[:, None] > np.cumsum(scores, axis=1)[:, :2]).sum(axis=1)
    y = np.where(random.random(n) < turned, random.integers(0, 3, n), y).astype(float)
    return Rows(at, (at // DAY).astype(np.int64), (), scores, y, at, per_row("log_loss", Truth(y), scores))
