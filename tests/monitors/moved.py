"""Ways to change the inputs of a window."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from everfit.monitors import Rows
from everfit.statistics.decay.columns import Column
from tests.monitors.conftest import NOW, chance, rows


def hard(x, city):
    """A world in which the model is wrong where `x` is large, which is where few rows are."""
    return np.where(x > 1, 0.5, chance(x, city))


def before(seed, truth=chance, **others):
    """The month that the model was judged on, of another seed."""
    return rows(seed, until=NOW - timedelta(days=30), truth=truth, **others)


def fortnight(seed, **others):
    """Fourteen days of 200 rows."""
    return rows(10_000 + seed, days=14, per_day=200, **others)


def changed(some, name, make) -> Rows:
    """The same rows with other values of one column."""
    columns = (Column(one.name, make(one.values), one.categories) if one.name == name else one for one in some.columns)
    return replace(some, columns=tuple(columns))


def part(found, name):
    """What a signal says of one part."""
    return next(one for one in found.parts if one.name == name)
