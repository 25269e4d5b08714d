"""The rule `no_leakage`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.refuse import between, words
from everfit.statistics.interval import FEWEST_CLUSTERS, count_clusters
from everfit.statistics.knowing import Known, knows
from everfit.validation.rules._checks import fails_closed
from everfit.validation.rules._labels import labels, times_known
from everfit.validation.rules._severity import Severity, severity
from everfit.validation.words import value
from everfit.values import Check

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import Series

    from everfit.validation.delivery import Delivery

FEWEST_ROWS = 30


@dataclass(frozen=True)
class NoLeakage:
    """No feature knows the label by itself: what does is most often made of the outcome, or written down after it.

    Each feature of the batch's labelled rows is asked alone how well it tells the label: for 0 and 1 by the AUC (in
    either direction), for a number by the correlation of ranks. Categories are asked by the label's mean in each,
    learnt on one half of the days and asked on the other. Where a value is missing is asked too: a feature that is
    there only for one label gives it away. It fails where the lower one-sided 95 % bound, by day (as in the gates), is
    above the bar, `auc_at_most` or `correlation_at_most`; rows are taken one by one where there are fewer than 10 days.

    `allow` names features that may. It sees the features as they are for the first batch, without history: history
    comes from earlier batches and cannot know this one's labels. It cannot see a leak that takes two features together.
    """

    auc_at_most: float = 0.95
    correlation_at_most: float = 0.99
    allow: tuple[str, ...] = ()
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        between("auc_at_most", self.auc_at_most, 0.5, 1)
        between("correlation_at_most", self.correlation_at_most, 0, 1)
        words("allow", self.allow, least=0)
        severity(self.severity)

    @property
    def table(self) -> str:
        """It is about the features."""
        return "features"

    @property
    def wanted(self) -> str:
        """What it asks for."""
        return "no feature that knows the label by itself"

    @fails_closed
    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """Ask each feature alone."""
        import numpy as np

        found, binary = labels(delivery), delivery.task == "binary"
        y = found.y[found.known]
        if len(y) < FEWEST_ROWS or float(y.min()) == float(y.max()):
            told = f"{value(len(y))} rows with a label, of one kind" if len(y) else "no row with a label"
            return (Check(self.table, None, self.wanted, f"nothing to ask: {told}", True, "info"),)
        days = found.days[found.known]
        by = days if count_clusters(days) >= FEWEST_CLUSTERS else np.arange(len(y))
        rows = np.flatnonzero(times_known(delivery))[found.known]
        bar = self.auc_at_most if binary else self.correlation_at_most
        best, asked, bad = Known(0.0, 0.0, ""), "", []
        for name in [str(name) for name in delivery.features.columns if name not in self.allow]:
            known = _ask(delivery.features[name].iloc[rows], y, by, bar, binary)
            best, asked = (known, name) if known.value > best.value else (best, asked)
            if known.low > bar:
                bad.append(Check(self.table, name, self.wanted, _told(known, binary), False, self.severity))
        what = f"at most {_measure(binary)} {best.value:.3f} ({asked})" if asked else "no feature"
        return tuple(bad) or (Check(self.table, None, self.wanted, what, True, self.severity),)


def _ask(values: Series, y: NDArray[np.float64], days: NDArray[np.int64], bar: float, binary: bool) -> Known:
    """The best of what a feature's values, its categories, or their absence say of the label."""
    import numpy as np
    import pandas as pd

    absent = values.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(values.dtype):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        codes = pd.factorize(values.astype(object), sort=False)[0]
        numbers = _means(codes, y, days)
    asked = [knows(numbers, y, days, bar, binary=binary, how="its values")]
    if absent.any() and not absent.all():
        asked.append(knows(absent.astype(float), y, days, bar, binary=binary, how="where it is missing"))
    return max(asked, key=lambda known: (known.low, known.value))


def _means(codes: NDArray[np.int64], y: NDArray[np.float64], days: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean label of each row's category on the other half of the days; the mean of all where it is new there."""
    import numpy as np

    half = np.unique(days, return_inverse=True)[1] % 2
    made = np.full(len(y), np.nan)
    for side in (0, 1):
        learn, ask = half != side, half == side
        places = codes + 1
        counts = np.bincount(places[learn], minlength=places.max() + 1)
        sums = np.bincount(places[learn], weights=y[learn], minlength=places.max() + 1)
        mean = np.where(counts > 0, sums / np.maximum(counts, 1), y[learn].mean() if learn.any() else y.mean())
        made[ask] = mean[places[ask]]
    return made


def _told(known: Known, binary: bool) -> str:
    equal = ", equal to it in every row" if known.equal else ""
    return f"{_measure(binary)} {known.value:.3f} (at least {known.low:.3f}) from {known.how} alone{equal}"


def _measure(binary: bool) -> str:
    return "an AUC of" if binary else "a rank correlation of"
