"""The trigger `schedule`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from everfit import refuse
from everfit.triggers.occasion import Occasion, Reason


@dataclass(frozen=True)
class Schedule:
    """Wants a run at the times of a cron expression, in UTC: once for each time since the newest judged run began.

    A time at which nothing at all was new has passed: the same data, code and settings give the same model to the byte.
    What arrives later waits for the next one.
    """

    cron: str

    def __post_init__(self) -> None:
        refuse.cron("cron", self.cron)

    def fires(self, occasion: Occasion) -> Reason:
        """Whether such a time has come.

        >>> from datetime import UTC, datetime
        >>> monday = datetime(2013, 6, 3, 7, tzinfo=UTC)
        >>> Schedule("0 5 * * 1").fires(Occasion(monday, began=datetime(2013, 6, 1, tzinfo=UTC))).words
        'scheduled for 2013-06-03 05:00 UTC (0 5 * * 1)'
        """
        from croniter import croniter  # type: ignore[import-untyped]

        due: datetime = croniter(self.cron, occasion.now, ret_type=datetime).get_prev()
        if croniter.match(self.cron, occasion.now):
            due = occasion.now.replace(second=0, microsecond=0)
        nothing_then = occasion.arrived is not None and due < occasion.arrived and not occasion.changed
        if nothing_then or (occasion.began is not None and due <= occasion.began):
            after: datetime = croniter(self.cron, occasion.now, ret_type=datetime).get_next()
            return Reason(False, f"not before {after:%Y-%m-%d %H:%M} UTC ({self.cron})")
        return Reason(True, f"scheduled for {due:%Y-%m-%d %H:%M} UTC ({self.cron})")
