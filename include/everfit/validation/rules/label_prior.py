"""The rule `label_prior`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.errors import DataError
from everfit.refuse import between, whole
from everfit.statistics.prediction import FEWEST_BATCHES, error_of_mean, inside, predict, predict_share, share_of
from everfit.validation.rules._checks import batches, fails_closed, rows, too_few
from everfit.validation.rules._labels import labels
from everfit.validation.rules._severity import Severity, severity
from everfit.validation.words import percent, value
from everfit.values import Check

if TYPE_CHECKING:
    from everfit.validation.delivery import Delivery, Profile

DIGITS = 4


@dataclass(frozen=True)
class LabelPrior:
    """The label's mean (for 0 and 1: the share of ones) is like that of the batches before.

    It fails where the mean is outside the interval that earlier batches let one expect of the next, and more than
    `at_most` off their mean. The interval is Student's t prediction interval for one more batch (of shares in log
    odds): how much batches differ is measured on them, so that seasons and storms count and not only the number of
    rows; a batch that is smaller than they were gets more room (Hahn and Meeker 1991; Higgins, Thompson and
    Spiegelhalter 2009). If batches differ as before, it fails in at most the share `false_alarms` of them. With few
    earlier batches it is wide, below 3 it says so and passes. A trend, or a season seen for the first time, is a
    difference.

    Settings: `at_most`, in the label's own unit (0.05: five points of a share); `newest` how many of the newest earlier
    batches count; `false_alarms`.
    """

    at_most: float = 0.05
    newest: int = 24
    false_alarms: float = 0.01
    severity: Severity = "warning"

    def __post_init__(self) -> None:
        between("at_most", self.at_most, 0, float("inf"))
        whole("newest", self.newest, least=FEWEST_BATCHES)
        between("false_alarms", self.false_alarms, 0, 0.5, open_ends=True)
        severity(self.severity)

    @property
    def table(self) -> str:
        """It is about the label."""
        return "label"

    @property
    def wanted(self) -> str:
        """What it asks for."""
        return f"a mean like that of earlier batches, or off by at most {self.at_most:g}"

    def basis(self, delivery: Delivery) -> Sequence[Any]:
        """The code that makes the rows, and what is label and time."""
        return [delivery.code, delivery.label, delivery.time]

    def profile(self, delivery: Delivery) -> Profile:
        """Mean of the label, its standard error by day, and the number of rows with a label."""
        import numpy as np

        found = labels(delivery)
        if not found.known.any():
            raise DataError("no row has a label")
        y, days = found.y[found.known], found.days[found.known]
        return {"mean": np.array([y.mean(), error_of_mean(y, days), len(y)])}

    @fails_closed
    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """Hold the mean against the prediction interval."""
        import numpy as np

        mean, error, count = delivery.profile(self)["mean"].tolist()
        earlier = np.array([kept["mean"] for _, kept in delivery.history(self, self.newest)])
        if len(earlier) < FEWEST_BATCHES:
            return (too_few(self, delivery.label, len(earlier)),)
        if delivery.task == "binary":
            shares = inside(earlier[:, 0] * earlier[:, 2], earlier[:, 2])
            (share,) = inside(np.array([mean * count]), np.array([count])).tolist()
            expected = predict_share(shares, earlier[:, 1], share, error)
            low, high = (share_of(end) for end in expected.interval(self.false_alarms))
        else:
            share = mean
            low, high = predict(earlier[:, 0], earlier[:, 1], error).interval(self.false_alarms)
        passed = abs(mean - float(earlier[:, 0].mean())) <= self.at_most or low <= share <= high
        shown = percent if delivery.task == "binary" else _short
        told = (
            f"{shown(mean)} in {rows(int(count))}; {batches(len(earlier))} let one expect {shown(low)} to {shown(high)}"
        )
        return (Check(self.table, delivery.label, self.wanted, told, passed, self.severity),)


def _short(number: float) -> str:
    return value(float(f"{number:.{DIGITS}g}"))
