"""Naive forecasts: what came last, or came in the same hour of the day or of the week before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

HOURS = {"day": 24, "week": 168}
Season = Literal["last", "day", "week"]


@dataclass(frozen=True)
class Naive:
    """Which naive forecast: the newest label (`last`) or that of the same hour of the `day` or `week`, of all rows or
    of those with the same value in the column `by`; in the middle of what comes for the loss by which it is judged."""

    season: Season
    by: str | None = None
    loss: str = "squared"

    @property
    def name(self) -> str:
        """What it is called where it is kept.

        >>> Naive("week", "origin", "brier").name
        'week by origin for brier'
        """
        return f"{self.season}{f' by {self.by}' if self.by else ''} for {self.loss}"


@dataclass(frozen=True, eq=False)
class Labelled:
    """Rows with their labels: `hours` since 1970 (UTC), the value that `by` has in each, and the labels, of which a
    row has one number or, of classes, one for each (1 for its own, else 0)."""

    hours: Array
    keys: Sequence[object]
    values: Array

    @property
    def frame(self) -> pd.DataFrame:
        """Hour and key of each row."""
        import pandas as pd

        return pd.DataFrame({"hour": self.hours, "key": pd.Series(list(self.keys), dtype=object)})


def latest(known: Sequence[Labelled], asked: Labelled, season: Season) -> Array:
    """For each asked row the newest known label before it; NaN where there is none. Shape: that of `asked.values`.

    Newest of the rows with the same key, and of a `day` or `week` only of those in the same hour of it, whole periods
    ago: the seasonal naive forecast (Hyndman and Athanasopoulos, Forecasting, 3rd ed., section 5.2), made when the
    newest batch that is known ends. Rows at the same time (or in the same hour) are one, their mean. A known row at
    the time of the asked one or later is never used, nor is one whose key is missing.

    >>> import numpy as np
    >>> past = Labelled(np.array([0.0, 30.0]), ["a", "a"], np.array([[1.0], [5.0]]))
    >>> now = Labelled(np.array([48.5, 54.0, 54.0]), ["a", "a", "b"], np.zeros((3, 1)))
    >>> latest([past], now, "last").ravel().tolist(), latest([past], now, "day").ravel().tolist()
    ([5.0, 5.0, nan], [1.0, 5.0, nan])
    """
    import numpy as np
    import pandas as pd

    width = asked.values.shape[1]
    if not known or not sum(len(part.hours) for part in known):
        return np.full((len(asked.hours), width), np.nan)
    past = pd.concat([part.frame for part in known], ignore_index=True)
    names = [f"value{place}" for place in range(width)]
    past[names] = np.concatenate([part.values for part in known])
    now = asked.frame.assign(place=np.arange(len(asked.hours)))
    for frame in (past, now):
        hour = np.floor(frame["hour"]) if season != "last" else frame["hour"]
        frame["slot"] = hour % HOURS[season] if season != "last" else 0.0
        frame["hour"] = hour
    codes, _ = pd.factorize(pd.concat([past["key"], now["key"]], ignore_index=True))
    past["key"], now["key"] = codes[: len(past)], codes[len(past) :]
    past = past[past["key"] >= 0].groupby(["key", "slot", "hour"], as_index=False)[names].mean()
    found = pd.merge_asof(
        now.sort_values("hour", kind="stable"),
        past.sort_values("hour", kind="stable"),
        on="hour",
        by=["key", "slot"],
        allow_exact_matches=False,
    ).sort_values("place")
    return np.asarray(found[names].to_numpy(dtype=float))


def damping(labels: Array, last: Array, usual: Array) -> float:
    """How much of a naive forecast's distance from the usual answer does best: 0 (it says nothing) to 1 (as it is).

    Least squares over rows that have a naive forecast: a label that came last time is likelier, but not certain, and
    taken as a probability of 1 it would be beaten by anything.

    >>> import numpy as np
    >>> damping(np.array([[1.0], [0.0], [0.5]]), np.array([[1.0], [-1.0], [np.nan]]), np.array([0.5]))
    0.4
    """
    import numpy as np

    seen = np.isfinite(last).all(axis=1)
    off, far = (labels - usual)[seen], (last - usual)[seen]
    spread = float((far**2).sum())
    return float(np.clip((off * far).sum() / spread, 0.0, 1.0)) if spread else 0.0


def damped(last: Array, usual: Array, weight: float) -> Array:
    """The usual answer, drawn towards the naive forecast by a weight where there is one."""
    import numpy as np

    return np.asarray(np.where(np.isfinite(last), usual + weight * (last - usual), usual))
