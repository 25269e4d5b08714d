"""The monitor `system`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.monitors._harm import finite, side
from everfit.monitors._machine import machine, trainings
from everfit.monitors._shares import share_of
from everfit.refuse import between, number
from everfit.signals import Point, Signal
from everfit.statistics.proportions import Share, wilson
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.monitors.seen import Seen
    from everfit.statistics.calls import Calls

    Array = NDArray[np.float64]

HOUR, DAY = 3600, 86_400
FEWEST_CALLS = 20
"""From fewer requests nobody knows a quantile."""
QUANTILES = {"p95": 0.95, "p99": 0.99}
BLIND = "requests that never reached the server"
SILENT = "memory and CPU, of which this log says nothing, and "


@dataclass(frozen=True)
class System:
    """Which requests failed and how long answers took, beside as long a time before; memory, CPU, and what it cost.

    Harm if surely more than the share `errors_at_most` failed, if 95 in 100 answers surely take longer than
    `p95_at_most` seconds (0: no such bar), if they surely take more than `slower_at_most` times as long as before, or
    if a process of the server once held more than the share `memory_at_most` of the memory within its reach. Requests
    of one hour may go together. It is nothing that a new model would mend.

    CPU, and what training runs of that time took and cost, are told without a bar. The server answers on the CPU; what
    a training takes of a GPU is in its task log and its MLflow run.
    """

    errors_at_most: float = 0.01
    p95_at_most: float = 0.0
    slower_at_most: float = 2.0
    memory_at_most: float = 0.95

    def __post_init__(self) -> None:
        between("errors_at_most", self.errors_at_most, 0, 1)
        number("p95_at_most", self.p95_at_most, least=0)
        number("slower_at_most", self.slower_at_most, least=1)
        between("memory_at_most", self.memory_at_most, 0, 1)

    def watch(self, seen: Seen) -> Signal:
        """Look at the requests of the window."""
        if seen.calls is None or not len(seen.calls.at):
            words = "no log of requests" if seen.calls is None else "no request in this time"
            return Signal("system", Outcome.CANNOT_TELL, words, blind_to=BLIND)
        before = seen.calls_before if seen.calls_before is not None and len(seen.calls_before.at) else None
        parts = [_failed(seen.calls, before, self.errors_at_most, seen.level / 3)]
        parts += _slow(seen.calls, before, self, seen.level / 3)
        parts += machine(seen.calls.loads, self.memory_at_most) + trainings(seen.took)
        order = [Outcome.FAILED, Outcome.CANNOT_TELL, Outcome.PASSED]
        parts.sort(key=lambda part: order.index(part.outcome))
        worst = parts[0]
        said = [part for part in parts if part.outcome is Outcome.FAILED] or parts
        return Signal(
            "system",
            worst.outcome,
            "; ".join(part.reason for part in said),
            worst.effect,
            worst.low,
            worst.high,
            worst.bar,
            n=len(seen.calls.at),
            test="Wilson's and Woodruff's intervals, by hour",
            level=1 - seen.level,
            parts=tuple(parts),
            course=_course(seen.calls, seen.level) if worst.name == "errors" else (),
            blind_to=BLIND if seen.calls.loads else SILENT + BLIND,
        )


def _failed(now: Calls, before: Calls | None, bar: float, level: float) -> Detail:
    share = _share(now)
    low, high = (float(end) for end in wilson(share, 1 - level))
    was = "" if before is None else f", {_per_cent(float(_share(before).value))} before"
    words = f"{_per_cent(float(share.value))} of {len(now.at):,} requests failed{was} (allowed {_per_cent(bar)})"
    return Detail("errors", side(low, high, bar), words, float(share.value), low, high, bar, len(now.at))


def _share(calls: Calls) -> Share:
    return share_of(calls.failed, (calls.at // HOUR).astype("int64"))


def _slow(now: Calls, before: Calls | None, bars: System, level: float) -> list[Detail]:
    """The quantiles of the seconds; the 95th against its bar, and against what it was before."""
    ours = _Seconds.of(now)
    if ours.count < FEWEST_CALLS:
        few = f"how long answers took is known of {ours.count} requests, {FEWEST_CALLS} are needed"
        return [Detail("p95", Outcome.CANNOT_TELL, few, n=ours.count)]
    found = []
    for name, share in QUANTILES.items():
        value, low, high = ours.at(share), *ours.ends(share, level)
        bar = bars.p95_at_most if name == "p95" and bars.p95_at_most else None
        allowed = f" (allowed {bar:.3g} s)" if bar else ""
        words = f"{name} of answers is {value:.3g} s{allowed}"
        outcome = Outcome.PASSED if bar is None else side(low, high, bar)
        found.append(Detail(name, outcome, words, value, low, finite(high), bar, ours.count))
    theirs = None if before is None else _Seconds.of(before)
    if theirs is not None and theirs.count >= FEWEST_CALLS:
        found.append(_slower(ours, theirs, bars.slower_at_most, level / 2))
    return found


def _slower(ours: _Seconds, theirs: _Seconds, bar: float, level: float) -> Detail:
    """How many times as long the 95th takes: the ends of one over those of the other, each wrong half as often."""
    share = QUANTILES["p95"]
    (low, high), (low_before, high_before) = ours.ends(share, level), theirs.ends(share, level)
    before = theirs.at(share)
    value = ours.at(share) / before if before else float("inf")
    least = low / high_before if high_before else 0.0
    most = high / low_before if low_before else float("inf")
    words = f"p95 is {value:.2g} times what it was before (allowed {bar:.3g})"
    return Detail("slower", side(least, most, bar), words, finite(value), least, finite(most), bar, ours.count)


@dataclass(frozen=True, eq=False)
class _Seconds:
    """How long answers took, and in which hour."""

    seconds: Array
    hours: NDArray[np.int64]

    @classmethod
    def of(cls, calls: Calls) -> _Seconds:
        import numpy as np

        known = np.isfinite(calls.seconds)
        return cls(calls.seconds[known], (calls.at[known] // HOUR).astype(np.int64))

    @property
    def count(self) -> int:
        return len(self.seconds)

    def at(self, share: float) -> float:
        """A quantile."""
        import numpy as np

        return float(np.quantile(self.seconds, share, method="inverted_cdf"))

    def ends(self, share: float, level: float) -> tuple[float, float]:
        """The quantile's bounds: the values at the bounds of the share of answers that are no slower than it.

        Source: Woodruff, J. American Statistical Association 47 (1952) 635-646.
        """
        worth = share_of(self.seconds <= self.at(share), self.hours)
        low, high = wilson(Share(share, worth.rows, worth.freedom), 1 - level)
        return self.at(float(low)), self.at(float(high)) if high < 1 - 1 / self.count else float("inf")


def _course(calls: Calls, level: float) -> tuple[Point, ...]:
    """The share that failed, by day of UTC."""
    from datetime import UTC, datetime, timedelta

    import numpy as np

    day = (calls.at // DAY).astype(np.int64)
    found = []
    for one in np.unique(day):
        share = Share.of(int(calls.failed[day == one].sum()), int((day == one).sum()))
        low, high = (float(end) for end in wilson(share, 1 - level))
        since = datetime.fromtimestamp(float(one * DAY), UTC).date()
        found.append(Point(str(since), str(since + timedelta(days=1)), float(share.value), low, high, int(share.rows)))
    return tuple(found)


def _per_cent(share: float) -> str:
    return f"{100 * share:.3g} %"
