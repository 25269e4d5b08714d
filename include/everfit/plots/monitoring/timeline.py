"""An axis of time: where a moment is in a drawing, and the dates that are written at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

DAYS = (1, 2, 7, 14)
MONTHS = (1, 2, 3, 6, 12, 24, 60)
MONTH = 30.4
MOST = 6


def moment(said: str) -> datetime:
    """An ISO date or time, as a moment in UTC.

    >>> moment("2013-07-01").isoformat()
    '2013-07-01T00:00:00+00:00'
    """
    at = datetime.fromisoformat(said)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


@dataclass(frozen=True)
class Timeline:
    """From the first moment, which is drawn at `begin`, to the last at `end`."""

    first: datetime
    last: datetime
    begin: float
    end: float

    def at(self, when: datetime) -> float:
        """Where a moment is; one beyond an end is at that end."""
        share = (when - self.first) / ((self.last - self.first) or timedelta(days=1))
        return round(self.begin + min(max(share, 0.0), 1.0) * (self.end - self.begin), 1)

    def shows(self, when: datetime) -> bool:
        """Whether it lies between the ends."""
        return self.first <= when <= self.last

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places and words of a few dates on it; the first, and the first of each year, with its year."""
        days = [day for day in self._days() if self.shows(_midnight(day))]
        told: list[tuple[float, str]] = []
        for place, day in enumerate(days):
            new_year = place == 0 or day.year != days[place - 1].year
            told.append((self.at(_midnight(day)), f"{day:%b} {day.day}{f', {day.year}' if new_year else ''}"))
        return told

    def _days(self) -> list[date]:
        span = (self.last - self.first) / timedelta(days=1)
        first = self.first.date()
        for step in DAYS:
            if span / step <= MOST:
                start = first - timedelta(days=first.weekday() if step >= 7 else 0)  # noqa: PLR2004 - weeks begin on Mondays
                return [start + timedelta(days=step * k) for k in range(int(span / step) + 3)]
        step = next((one for one in MONTHS if span / MONTH / one <= MOST), MONTHS[-1])
        month = (first.year * 12 + first.month - 1) // step * step
        count = int(span / MONTH / step) + 3
        return [date((month + k * step) // 12, (month + k * step) % 12 + 1, 1) for k in range(count)]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
