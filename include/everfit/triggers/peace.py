"""When a model is left in peace although something wants a run: after the last one, at quiet hours, over its budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = time(0)


@dataclass(frozen=True)
class Quiet:
    """Hours of every day, in which the night may lie, and whole days of the week, by the clocks of a time zone."""

    begin: time = MIDNIGHT
    end: time = MIDNIGHT
    days: tuple[str, ...] = ()
    zone: str = "UTC"

    def ends(self, now: datetime) -> datetime | None:
        """When the quiet that is now will be over; None if it is not quiet.

        >>> from datetime import UTC
        >>> Quiet(time(22), time(6), ("sun",)).ends(datetime(2013, 6, 1, 23, tzinfo=UTC))  # a Saturday
        datetime.datetime(2013, 6, 3, 6, 0, tzinfo=datetime.timezone.utc)
        """
        moment, until = now.astimezone(ZoneInfo(self.zone)), None
        for _ in range(2 * len(DAYS) + 2):  # a whole week may be quiet, in two pieces a day, and then it never ends
            if (until := self._ends(moment)) is None:
                return None if moment == now else moment.astimezone(now.tzinfo)
            moment = until
        return until.astimezone(now.tzinfo) if until else None

    def _ends(self, moment: datetime) -> datetime | None:
        """When the piece of quiet that holds the moment is over."""
        if DAYS[moment.weekday()] in self.days:
            return _at(moment + timedelta(days=1), MIDNIGHT)
        clock = moment.timetz().replace(tzinfo=None)
        if self.begin < self.end:
            return _at(moment, self.end) if self.begin <= clock < self.end else None
        if self.begin == self.end:
            return None
        if clock >= self.begin:
            return _at(moment + timedelta(days=1), self.end)
        return _at(moment, self.end) if clock < self.end else None


@dataclass(frozen=True)
class Budget:
    """At most so many runs within a time."""

    runs: int
    within: timedelta


@dataclass(frozen=True)
class Peace:
    """What has to pass between two runs, when it is quiet, and how many runs there may be; all of it by choice."""

    cooldown: timedelta = timedelta()
    quiet: Quiet | None = None
    at_most: Budget | None = None

    def until(self, began: Sequence[datetime], now: datetime) -> tuple[datetime, str] | None:
        """Until when the model is left in peace, and why, given when its runs began; None if a run may begin now.

        >>> from datetime import UTC
        >>> Peace(timedelta(hours=6)).until([datetime(2013, 6, 1, 4, tzinfo=UTC)], datetime(2013, 6, 1, 7, tzinfo=UTC))
        (datetime.datetime(2013, 6, 1, 10, 0, tzinfo=datetime.timezone.utc), 'cooldown of 6:00:00 after the last run')
        """
        found = [*self._after_the_last(began, now), *self._over_budget(began, now)]
        if self.quiet and (end := self.quiet.ends(max([now, *(moment for moment, _ in found)]))):
            found.append((end, "quiet hours"))
        return max(found, default=None)

    def _after_the_last(self, began: Sequence[datetime], now: datetime) -> list[tuple[datetime, str]]:
        end = max(began) + self.cooldown if began else now
        return [(end, f"cooldown of {self.cooldown} after the last run")] if end > now else []

    def _over_budget(self, began: Sequence[datetime], now: datetime) -> list[tuple[datetime, str]]:
        if self.at_most is None:
            return []
        lately = sorted(moment for moment in began if moment > now - self.at_most.within)
        if len(lately) < self.at_most.runs:
            return []
        first = lately[-self.at_most.runs]
        return [(first + self.at_most.within, f"{self.at_most.runs} runs within {self.at_most.within} are its budget")]


def _at(day: datetime, clock: time) -> datetime:
    return day.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
