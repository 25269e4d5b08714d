"""The monitor `estimated_quality`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.monitors._harm import beyond, cannot_tell, ends, rise, signal, sure, too_few
from everfit.monitors._known import answered, judged
from everfit.monitors._late import CLASSES
from everfit.monitors.seen import Rows, Seen
from everfit.refuse import number
from everfit.signals import Signal
from everfit.statistics.estimated import Calibration, calibrate, expect_metric
from everfit.statistics.estimated_loss import expect_loss, learn_losses
from everfit.statistics.expected import Expected
from everfit.statistics.interval import Estimate, count_clusters, estimate, mean
from everfit.statistics.losses import TITLES, per_row
from everfit.statistics.truth import Truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NAME = "estimated_quality"
BLIND = "concept drift"
METRICS = {"log_loss": "log_loss", "brier": "brier", "zero_one": "accuracy"}
"""What is estimated of classes; accuracy is turned into errors."""

LEANT_ON = 3
"""So many of the inputs that are numbers, those the model leans on most, tell with the answers where losses are."""


@dataclass(frozen=True)
class EstimatedQuality:
    """The loss that is to be expected of the rows whose labels have not come, from the answers alone: harm if it surely
    is more than `at_most_worse` above what was to be expected of the rows that the version was judged on.

    Of classes from the probabilities, put right on labels of the reference; of numbers and quantiles from the losses of
    the reference, along the answers and the inputs that the model leans on most. All rows of the days of which labels
    are missing count, also those that have one, for these may be of a quick kind. The interval knows that days differ,
    in inputs and in labels, and what the reference was unsure of. It is blind to concept drift: if the same inputs mean
    something else now, only labels can tell.
    """

    at_most_worse: float = 0.05

    def __post_init__(self) -> None:
        number("at_most_worse", self.at_most_worse, least=0)

    def watch(self, seen: Seen) -> Signal:
        """Hold the rise that is to be expected against the bar."""
        import numpy as np

        before = judged(seen)
        if isinstance(before, str):
            return cannot_tell(NAME, before, blind_to=BLIND)
        rows = answered(seen.window)
        missing = np.isnan(rows.y)
        if rows.rows and not missing.any():
            return cannot_tell(NAME, "all labels are here: nothing is left to estimate", blind_to=BLIND)
        waiting = rows.of(np.isin(rows.day, rows.day[missing]))
        if why := too_few(waiting.day, "rows of days whose labels have not all come"):
            return cannot_tell(NAME, why, blind_to=BLIND)
        sides = (_of_classes if seen.task in CLASSES else _of_numbers)(seen, before, waiting)
        if sides.before.value <= 0:
            return cannot_tell(NAME, "no loss was to be expected of the rows of then", blind_to=BLIND)
        found = sides.rise
        title, now, then = TITLES[seen.loss], sides.now.value, sides.before.value
        reason = (
            f"{title} is expected to be {now:.4g}, {beyond(found.value)} the {then:.4g} that was to be expected when "
            f"it was judged ({sure(*ends(found, seen.level), self.at_most_worse)}), on {waiting.rows:,} rows of "
            f"{count_clusters(waiting.day)} days whose labels have not all come"
        )
        return signal(NAME, found, self.at_most_worse, reason, seen.level, blind_to=BLIND)


@dataclass(frozen=True, eq=False)
class _Sides:
    """What is to be expected of the rows of now and of then.

    `now` and `before` are the means, with how they differ between days; `expected` are the sums of now, which say how
    sure they are. `moved`: how much each day of the reference moved what was learnt of it, `shocks`: how days differ.
    """

    now: Estimate
    before: Estimate
    expected: Expected
    moved: Array
    shocks: Array

    @property
    def rise(self) -> Estimate:
        """By which share more will be found: days, labels by chance, and what was learnt of the past make it unsure."""
        import numpy as np

        found = rise(self.now, self.before)
        by_chance = self.expected.spread + np.tensordot(self.shocks, self.expected.shared, axes=1)
        by_day = self.moved @ self.expected.leans[0] / self.expected.rows
        learnt = float(np.sum(by_day**2)) * len(by_day) / (len(by_day) - 1)
        more = (float(by_chance[0, 0]) / self.expected.rows**2 + learnt) / self.before.value**2
        return replace(found, error=float(np.sqrt(found.error**2 + more)))


def _of_classes(seen: Seen, before: Rows, waiting: Rows) -> _Sides:
    past = calibrate(before.y, before.scores, before.day)
    now, then = (estimate(mean(_expected(seen, rows, past)), rows.day) for rows in (waiting, before))
    sums = expect_metric(METRICS[seen.loss], waiting.scores, past, waiting.day)
    return _Sides(now, then, sums, past.moved, past.shocks)


def _expected(seen: Seen, rows: Rows, past: Calibration) -> Array:
    """The loss that is to be expected of each row: that of each class, as likely as that is."""
    import numpy as np

    chances = past.probabilities(rows.scores)
    losses = (
        per_row(seen.loss, Truth(np.full(rows.rows, float(place))), rows.scores) for place in range(chances.shape[1])
    )
    return np.asarray(sum(loss * chance for loss, chance in zip(losses, chances.T, strict=True)))


def _of_numbers(seen: Seen, before: Rows, waiting: Rows) -> _Sides:
    columns = _columns(seen, before, waiting)
    past = learn_losses(columns[1], before.losses, before.day)
    now, then = (
        estimate(mean(past.mean.at(here)), rows.day) for here, rows in zip(columns, (waiting, before), strict=True)
    )
    sums = expect_loss(columns[0], past, waiting.day)
    return _Sides(now, then, sums, past.mean.moved, past.shocks)


def _columns(seen: Seen, before: Rows, waiting: Rows) -> tuple[Array, Array]:
    """The answers, and the numbers that the model leans on most; what is missing is as in the middle."""
    import numpy as np

    leant = sorted(seen.leans, key=lambda name: -seen.leans[name])
    numbers = {column.name: (place, column) for place, column in enumerate(before.columns) if not column.categories}
    chosen = [numbers[name] for name in leant if name in numbers and seen.leans[name] > 0][:LEANT_ON]
    middles = [np.nanmedian(column.values) if np.isfinite(column.values).any() else 0.0 for _, column in chosen]

    def of(rows: Rows) -> Array:
        answers = rows.scores if rows.scores.ndim > 1 else rows.scores[:, None]
        values = (
            np.where(np.isfinite(found := rows.columns[place].values), found, middle)
            for (place, _), middle in zip(chosen, middles, strict=True)
        )
        return np.column_stack([answers, *values])

    return of(waiting), of(before)
