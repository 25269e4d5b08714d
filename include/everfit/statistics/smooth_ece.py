"""The smooth calibration error, with bounds that know that rows of one day go together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from everfit.statistics.interval import LEVEL, Estimate, effective

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

CELLS = 1024
"""Forecasts are put on so many points of [0, 1]; the narrowest kernel is as wide as their distance."""

DRAWS = 400
MOST_GROUPS = 2000
STEPS = 20
FINE = 4
"""A curve that was smoothed with some width is known from so many points in each, and from as many waves."""


@dataclass(frozen=True, eq=False)
class Residuals:
    """What came less what was forecast, summed up for each day (a row) on a grid of forecasts (a column)."""

    sums: Array
    sizes: NDArray[np.int64]
    freedom: float

    @classmethod
    def of(cls, y: Array, forecasts: Array, clusters: NDArray[np.int64]) -> Residuals:
        """Of forecasts from 0 to 1 and labels 0 or 1; a row is shared by the two points of the grid next to it."""
        import numpy as np

        _, codes = np.unique(clusters, return_inverse=True)
        count = int(codes.max()) + 1
        codes, count = codes * min(count, MOST_GROUPS) // count, min(count, MOST_GROUPS)
        sums = on_grid(forecasts, y - forecasts, codes, count)
        return cls(sums, np.bincount(codes, minlength=count), effective(codes) - 1)

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.sizes.sum())

    @cached_property
    def total(self) -> Array:
        """The residuals of all days together, per row."""
        import numpy as np

        return np.asarray(self.sums.sum(axis=0) / self.rows)

    def error(self, width: float) -> float:
        """smECE with a kernel of this width: the mean of |smoothed residual|."""
        import numpy as np

        return float(np.abs(_narrowed(self._waves, width)).sum())

    def standard_error(self, width: float) -> float:
        """How far `error(width)` falls short of the truth by chance (see `smooth_ece`), from how much days differ."""
        import numpy as np

        signs = np.sign(_narrowed(self._waves, width))
        return max(self._error_of(smooth(signs, width)), self._error_of(np.ones(CELLS)))

    def bounded(self, level: float = LEVEL) -> Estimate:
        """smECE with its bounds: see `smooth_ece`."""
        from scipy.special import stdtrit

        reach, value = float(stdtrit(self.freedom, level)), equal(self.error)
        return Estimate(
            value,
            equal(lambda width: self.error(width) - self.chance(width, level)),
            equal(lambda width: self.error(width) + reach * self.standard_error(width)),
            self.rows,
            len(self.sizes),
            self.freedom,
            self.standard_error(max(value, 1 / CELLS)),
            level,
        )

    def _error_of(self, weights: Array) -> float:
        """The standard error of the weighted mean of the residuals."""
        import numpy as np

        days = self.sums @ weights - self.sizes * float(self.total @ weights)
        return float(np.sqrt(np.sum((days * self._scale) ** 2)))

    def chance(self, width: float, level: float) -> float:
        """Perfectly calibrated forecasts with such days would show at most this error, this part of the times."""
        import numpy as np
        from scipy.special import ndtri, stdtrit

        enough = 1 << max(int(np.log2(FINE / width)) + 1, 5)
        shown = np.abs(_narrowed(self._drawn_waves[:, :enough], width)).sum(axis=1)
        return float(np.quantile(shown, level) * stdtrit(self.freedom, level) / ndtri(level))

    @cached_property
    def _scale(self) -> Array:
        import numpy as np

        days = len(self.sizes)
        return np.asarray(np.sqrt((days - 1) / days) / (1 - self.sizes / self.rows) / self.rows)

    @cached_property
    def _waves(self) -> Array:
        return _waves(self.total)

    @cached_property
    def _drawn_waves(self) -> Array:
        """Of residuals that could have come by chance: the part of each day that is its own, weighted at random."""
        import numpy as np

        own = (self.sums - self.sizes[:, None] * self.total) * self._scale[:, None]
        return np.random.default_rng(0).normal(size=(DRAWS, len(own))) @ _waves(own)


def smooth_ece(y: Array, forecasts: Array, clusters: NDArray[np.int64], level: float = LEVEL) -> Estimate:
    """How far probabilities are from what happens: the smooth expected calibration error, and one-sided bounds of it.

    Residuals are smoothed over the forecast with a Gaussian kernel that is reflected at 0 and 1, and the mean of their
    absolute value is the error. It falls as the kernel gets wider, so there is one width that it is equal to, and that
    is smECE: 0 for perfect calibration, free of bins, and changing little when forecasts do.

    The bounds come from turning a test around. That smECE reaches `b` says the same as that the error with a kernel of
    width `b` reaches `b`, where the width is no longer random. With that width, write the error as `sum of w * r`, `w`
    the sign of the smoothed residuals `r`. With the true signs the sum is a mean, whose interval is the usual one by
    day; with the signs that were found it can only be larger. So `error + t * standard error` misses the truth at most
    as often as it says, whether rows are calibrated or not. Where chance has turned signs the standard error would be
    too small, so it is never less than that of the mean residual, which smECE is never less than either. The lower
    bound takes off what perfect forecasts would show by chance (a multiplier bootstrap of days), so it is above 0 for a
    calibrated model at most once in twenty times. The value itself is above 0 even then. More than 2,000 days are
    joined to neighbours.

    Sources: Blasiok and Nakkiran, Smooth ECE (ICLR 2024, arXiv 2309.12236), section 3 and algorithm 1; Kline and
    Santos, J. Econometric Methods 1 (2012) 23-41 (the score bootstrap of clusters).

    >>> import numpy as np
    >>> came, day = np.arange(1000) * 7 % 20 < 9, np.arange(1000) // 33
    >>> e = smooth_ece(came.astype(float), np.full(1000, 0.3), day)  # 30 % said, 45 % came
    >>> round(e.low, 3), round(e.value, 3), round(e.high, 3)
    (0.138, 0.15, 0.16)
    """
    return Residuals.of(y, forecasts, clusters).bounded(level)


def chance_if_at(residuals: Residuals, bar: float) -> float:
    """The p-value of "smECE is at least the bar": how often so small an error would be seen if it were at it.

    >>> import numpy as np
    >>> came, day = np.arange(1000) * 7 % 20 < 9, np.arange(1000) // 33
    >>> r = Residuals.of(came.astype(float), np.full(1000, 0.45), day)
    >>> chance_if_at(r, 0.02) < 1e-3, chance_if_at(r, 0.001) > 0.05
    (True, True)
    """
    from scipy.special import stdtr

    short, error = bar - residuals.error(bar), residuals.standard_error(bar)
    return float(stdtr(residuals.freedom, -short / error)) if error else float(short <= 0)


def equal(of: Callable[[float], float]) -> float:
    """The width that a falling function of it is equal to, from 0 to 1; 0 if it is not even the narrowest."""
    low, high = 1 / CELLS, 1.0
    if of(high) >= high:
        return high
    if of(low) < low:
        return max(of(low), 0.0)
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if of(middle) >= middle else (low, middle)
    return (low + high) / 2


def smooth(values: Array, width: float) -> Array:
    """Values on the grid (the last axis), smoothed with a Gaussian kernel that is reflected at both ends.

    Reflection makes cosines of the values, and a Gaussian multiplies the `k`-th by `exp(-(pi k width)^2 / 2)`.

    >>> import numpy as np
    >>> smooth(np.ones(CELLS), 0.1)[:3].round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    return _narrowed(_waves(values), width)


def _waves(values: Array) -> Array:
    import numpy as np
    from scipy.fft import dct

    return np.asarray(dct(values, axis=-1))


def _narrowed(waves: Array, width: float) -> Array:
    import numpy as np
    from scipy.fft import idct

    falls = np.exp(-0.5 * (np.pi * width * np.arange(waves.shape[-1])) ** 2)
    return np.asarray(idct(waves * falls, axis=-1))


def on_grid(forecasts: Array, values: Array, codes: NDArray[np.int64], count: int) -> Array:
    """Sums of values for each code (a row) and point of the grid (a column)."""
    import numpy as np

    at = np.clip(forecasts * CELLS - 0.5, 0, CELLS - 1)
    left = np.minimum(at.astype(np.int64), CELLS - 2)
    share = at - left
    place, size = codes * CELLS + left, count * CELLS
    found = np.bincount(place, (1 - share) * values, size) + np.bincount(place + 1, share * values, size)
    return np.asarray(found.reshape(count, CELLS))
