"""The monitor `calibration_drift`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.monitors._harm import cannot_tell, ends, finite, percent, side, sure, worst_first
from everfit.monitors._known import ALL, fair, refuse_labels
from everfit.monitors.seen import Rows, Seen
from everfit.refuse import number
from everfit.signals import Signal
from everfit.statistics.calibration import coverage_gap
from everfit.statistics.calibration_drift import Drift, calibration_drift, difference
from everfit.statistics.estimated import calibrate
from everfit.statistics.interval import Estimate, estimate
from everfit.values import Detail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NAME = "calibration_drift"


@dataclass(frozen=True)
class _Aspect:
    """One way in which scores can mean something else: how far off, the bar, and what it is called."""

    name: str
    found: Estimate
    bar: float
    words: str

    def held(self, level: float) -> Detail:
        """Held against its bar."""
        low, high = ends(self.found, level)
        reason = f"{self.words}: {percent(self.found.value)} off ({sure(low, high, self.bar)})"
        numbers = (finite(self.found.value), finite(low), finite(high), self.bar, self.found.rows)
        return Detail(self.name, side(low, high, self.bar), reason, *numbers)


@dataclass(frozen=True)
class CalibrationDrift:
    """Whether scores mean something else than when the version was judged.

    Scores are first put right as the reference says, so that inputs that moved are no drift. Harm if a class surely
    comes more often or less often than its scores then meant, by `at_most_off` or more, as a share of how often it came
    (or did not, where that is rarer); or if the scores surely say less than they did, or more, so that their log odds
    have to be stretched or shrunk by more than `at_most_bent`. Each class for itself; the level is divided among all
    that is asked. Of a quantile task: how often the label is at most the quantile, beside how often it was.
    """

    at_most_off: float = 0.1
    at_most_bent: float = 0.25
    labels: str = ALL

    def __post_init__(self) -> None:
        number("at_most_off", self.at_most_off, above=0)
        number("at_most_bent", self.at_most_bent, above=0)
        refuse_labels(self.labels)

    @property
    def tasks(self) -> frozenset[str]:
        """The tasks whose scores are probabilities, or promise one."""
        return frozenset({"binary", "multiclass", "quantile"})

    def watch(self, seen: Seen) -> Signal:
        """Hold each aspect of each class against its bar."""
        both = fair(seen, self.labels)
        if isinstance(both, str):
            return cannot_tell(NAME, both)
        judged, rows = both.judged, both.rows
        aspects = [*(self._quantiles if seen.task == "quantile" else self._classes)(seen, judged, rows)]
        if not aspects:
            return cannot_tell(NAME, "no class has come often enough to be told from its scores")
        level = seen.level / len(aspects) / 2  # each of them in two directions
        parts = sorted((one.held(level) for one in aspects), key=worst_first)
        first = parts[0]
        return Signal(
            monitor=NAME,
            outcome=first.outcome,
            reason=f"{first.reason}, on {rows.rows:,} labelled rows{both.words}",
            effect=first.effect,
            low=first.low,
            high=first.high,
            bar=first.bar,
            n=rows.rows,
            test=f"t by day, of {len(aspects)} figures in two directions each (Bonferroni)",
            level=1 - seen.level,
            parts=tuple(parts),
        )

    def _classes(self, seen: Seen, judged: Rows, rows: Rows) -> Iterator[_Aspect]:
        for place, name in enumerate(seen.names or ("1",)):
            one, two = ((each.scores if each.scores.ndim == 1 else each.scores[:, place]) for each in (judged, rows))
            came, comes = (_is(each, place) for each in (judged, rows))
            rate = float(came.mean())
            if 0 < rate < 1:
                past = calibrate(came, one, judged.day)
                yield from self._aspects(name, rate, calibration_drift(comes, two, rows.day, past))

    def _aspects(self, name: str, rate: float, drift: Drift) -> Iterator[_Aspect]:
        off = _scaled(drift.large, 1 / min(rate, 1 - rate))
        more = "more" if off.value >= 0 else "less"
        points = 100 * abs(drift.large.value)
        words = f"{name} came {points:.2g} points {more} often than scores meant when it was judged"
        yield _Aspect(f"{name}: how often", _away(off), self.at_most_off, words)
        if drift.slope is not None:
            bent = replace(drift.slope, value=drift.slope.value - 1)
            says = "less" if bent.value < 0 else "more"
            words = f"scores of {name} say {says} than they did: their log odds times {drift.slope.value:.3g}"
            yield _Aspect(f"{name}: slope", _away(bent), self.at_most_bent, words)

    def _quantiles(self, seen: Seen, judged: Rows, rows: Rows) -> Iterator[_Aspect]:
        for place, quantile in enumerate(seen.levels):
            then, now = (
                estimate(coverage_gap(each.y, each.scores[:, place], quantile), each.day) for each in (judged, rows)
            )
            moved = _scaled(difference(now, then), 1 / min(quantile, 1 - quantile))
            shares = (quantile + now.value, quantile + then.value)
            words = f"{percent(shares[0])} of labels are up to the {quantile:g} quantile ({percent(shares[1])} were)"
            yield _Aspect(f"quantile {quantile:g}", _away(moved), self.at_most_off, words)


def _is(rows: Rows, place: int) -> Array:
    """Whether each row's label is the positive one, or of several classes this one."""
    import numpy as np

    return np.asarray(rows.y == (1 if rows.scores.ndim == 1 else place), dtype=np.float64)


def _scaled(found: Estimate, by: float) -> Estimate:
    return replace(found, value=by * found.value, error=by * found.error)


def _away(found: Estimate) -> Estimate:
    """How far from 0, in whichever direction."""
    return replace(found, value=abs(found.value))
