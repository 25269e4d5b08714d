"""Columns for tests of drift: histograms from counts, and days that go together."""

import numpy as np
from scipy.special import ndtr

from everfit.statistics.drift.profile import Profile
from everfit.statistics.histogram import Bins, Histogram

NORMAL = {bins: Bins.learn(np.random.default_rng(bins).normal(size=200_000), bins) for bins in (10, 20)}


def profile(counts, bins=NORMAL[20]):
    """The profile of one histogram per row of `counts`, or of one; without the open ends, which are empty."""
    every = [Profile.of(histogram(some, bins)) for some in np.atleast_2d(counts)]
    return every[0].merged(*every[1:])


def histogram(counts, bins=NORMAL[20]):
    """A histogram with these counts, and the spread of the reference that the bins are from."""
    inner = tuple(int(count) for count in counts)
    filled = inner if len(inner) == len(bins.places) else (0, *inner, 0)
    rows = sum(filled)
    return Histogram(bins, filled, 0, 0, 0.0, float(rows), -4.0, 4.0)


def shares(shift=0.0, bins=NORMAL[20], spread=1.0):
    """The shares of a bell curve in each bin, open ends and all."""
    below = ndtr((np.array(bins.edges) - np.asarray(shift)[..., None]) / spread)
    ends = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([ends, below, ends + 1], axis=-1), axis=-1)


def days(random, runs, count, rows, spread):
    """Counts by day, of days whose mean varies with that standard deviation; over all days the variance is 1."""
    means = random.normal(0, spread, (runs, count))
    sizes = random.integers(rows // 2, 3 * rows // 2, (runs, count))
    return random.multinomial(sizes, shares(means, spread=(1 - spread**2) ** 0.5))
