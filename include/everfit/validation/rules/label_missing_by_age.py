"""The rule `label_missing_by_age`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from everfit.refuse import between, whole
from everfit.statistics.prediction import FEWEST_BATCHES, inside, predict_share, share_of
from everfit.validation.rules._checks import batches, fails_closed, rows, too_few
from everfit.validation.rules._labels import labels
from everfit.validation.rules._severity import Severity, severity
from everfit.validation.words import percent
from everfit.values import Check

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.validation.delivery import Delivery, Profile

DAY = 86_400


@dataclass(frozen=True)
class LabelMissingByAge:
    """Labels that should be there by now are there: rows of each age lack theirs no more often than they did before.

    A row's age is how long before the batch's newest row it was. Labels come late, so that young rows may lack them; it
    is what older rows lack that tells of a join that broke, or of labels cut off. For each of the ages between
    `ages_in_days`, the share of rows without a label is held against Student's t prediction interval (one end, in log
    odds) made of the earlier batches' shares at the same age; it fails where the share is above it, and more than
    `at_most` above their mean. Over all ages together at most the share `false_alarms` of good batches fail
    (Bonferroni). Below 3 earlier batches it says so and passes.
    """

    ages_in_days: tuple[float, ...] = (7.0, 14.0, 30.0)
    at_most: float = 0.05
    newest: int = 24
    false_alarms: float = 0.01
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        for age in self.ages_in_days:
            between("ages_in_days", age, 0, inf, open_ends=True)
        if list(self.ages_in_days) != sorted(set(self.ages_in_days)):
            raise ValueError(f"ages_in_days: wanted rising numbers, found {self.ages_in_days!r}")
        between("at_most", self.at_most, 0, 1)
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
        return "rows of each age lack their label as rarely as before"

    def basis(self, delivery: Delivery) -> Sequence[Any]:
        """The code that makes the rows, what is label and time, and the ages."""
        return [delivery.code, delivery.label, delivery.time, self.ages_in_days]

    def profile(self, delivery: Delivery) -> Profile:
        """For each age, how many rows there are and how many of them have no label."""
        import numpy as np

        found = labels(delivery)
        days = (found.seconds.max(initial=0) - found.seconds) / DAY
        ages = np.searchsorted(np.array(self.ages_in_days), days, side="right")
        bins = len(self.ages_in_days) + 1
        return {"rows": np.bincount(ages, minlength=bins), "missing": np.bincount(ages[~found.known], minlength=bins)}

    @fails_closed
    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """Hold each age's share against that of earlier batches."""
        import numpy as np

        ours = delivery.profile(self)
        history = [kept for _, kept in delivery.history(self, self.newest)]
        count, missing = (np.array([kept[name] for kept in history]) for name in ("rows", "missing"))
        ages = [
            age
            for age in range(len(self.ages_in_days) + 1)
            if ours["rows"][age] and len(history) and (count[:, age] > 0).sum() >= FEWEST_BATCHES
        ]
        if not ages:
            return (too_few(self, delivery.label, len(history)),)
        checks = [
            self._age(age, ours, count[:, age], missing[:, age], self.false_alarms / len(ages), delivery.label)
            for age in ages
        ]
        bad = tuple(check for check in checks if not check.passed)
        worst = max(check.share or 0.0 for check in checks)
        found = f"at most {percent(worst)} without, at any of {len(ages)} ages"
        return bad or (Check(self.table, delivery.label, self.wanted, found, True, self.severity),)

    def _age(
        self,
        age: int,
        ours: Profile,
        count: NDArray[np.int64],
        missing: NDArray[np.int64],
        false_alarms: float,
        label: str,
    ) -> Check:
        import numpy as np

        there = count > 0
        shares, share = inside(missing[there], count[there]), float(ours["missing"][age] / ours["rows"][age])
        (ours_inside,) = inside(ours["missing"][[age]], ours["rows"][[age]])
        errors, error = _error(shares, count[there]), _error(ours_inside, ours["rows"][age])
        expected = predict_share(shares, errors, float(ours_inside), float(error))
        usual = float(np.mean(missing[there] / count[there]))
        most = max(share_of(expected.interval(2 * false_alarms)[1]), usual + self.at_most)  # one end: twice the chance
        found = (
            f"{percent(share)} of {rows(int(ours['rows'][age]))} {self._named(age)} without, wanted at most "
            f"{percent(most)}: {batches(int(there.sum()))} had {percent(usual)}"
        )
        return Check(self.table, label, self.wanted, found, share <= most, self.severity, share)

    def _named(self, age: int) -> str:
        ends = ["0", *(f"{end:g}" for end in self.ages_in_days)]
        if age == len(self.ages_in_days):
            return f"{ends[-1]} days old and more"
        return f"{ends[age]} to {ends[age + 1]} days old"


def _error(share: Any, of: Any) -> Any:
    """The standard error of a share of so many independent rows."""
    return (share * (1 - share) / of) ** 0.5
