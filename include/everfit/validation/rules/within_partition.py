"""The rule `within_partition`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import inf
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from everfit.errors import DataError
from everfit.refuse import between, word
from everfit.validation.rules._checks import fails_closed, of_rows, up_to
from everfit.validation.rules._severity import Severity, severity
from everfit.validation.rules._times import SECOND, moments

if TYPE_CHECKING:
    from everfit.validation.delivery import Delivery
    from everfit.values import Check

DECEMBER = 12
SHOWN = 3


@dataclass(frozen=True)
class WithinPartition:
    """Every row's time lies in the span that the partition's name says: `2013-05` holds rows of May.

    Settings: `table`, its time `column`, the time `zone` in which partitions begin and end (such as America/New_York;
    default UTC), how many `hours` a time may lie before or after, and `at_most` which share of the rows may lie further
    off. It reads the names `2013`, `2013-05`, `2013-05-01`, `2013-W05` (an ISO 8601 week) and `2013-05-01T06` (an
    hour); any other name is a failed check. A time without a zone is taken for UTC.
    """

    table: str
    column: str
    zone: str = "UTC"
    hours: float = 0.0
    at_most: float = 0.0
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        word("table", self.table)
        word("column", self.column)
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
            raise ValueError(f"zone: wanted a time zone such as Europe/Berlin, found {self.zone!r}") from error
        between("hours", self.hours, 0, inf)
        between("at_most", self.at_most, 0, 1)
        severity(self.severity)

    @property
    def wanted(self) -> str:
        """What it asks for."""
        give = f", give or take {self.hours:g} hours" if self.hours else ""
        return f"times in the partition's span{give}{up_to(self.at_most)}"

    @fails_closed
    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """Hold each time against both ends of the span."""
        begin, end = span(delivery.partition, ZoneInfo(self.zone))
        give = round(self.hours * 3600 * SECOND)
        outside = of = 0
        earliest, latest = begin, end - 1
        for batch in delivery.columns(self.table, (self.column,)):
            times, there = moments(batch.column(self.column), self.column)
            times = times[there]
            of += len(times)
            outside += int(((times < begin - give) | (times >= end + give)).sum())
            if len(times):
                earliest, latest = min(earliest, int(times.min())), max(latest, int(times.max()))
        extremes = [self._shown(one) for one in (earliest, latest) if not begin <= one < end]
        what = f"outside {delivery.partition} in {self.zone}"
        return (of_rows(self, self.column, outside, of, self.at_most, what, extremes),)

    def _shown(self, moment: int) -> str:
        return str(datetime.fromtimestamp(moment / SECOND, ZoneInfo(self.zone)))


def span(partition: str, zone: ZoneInfo) -> tuple[int, int]:
    """When a partition begins and ends (exclusive), in microseconds since 1970.

    >>> begin, end = span("2013-02", ZoneInfo("UTC"))
    >>> (end - begin) // SECOND // 86400
    28
    """
    try:
        first, after = _ends(partition)
    except ValueError as error:
        raise DataError(f"the partition's name {partition!r} is no span of time: {error}") from error
    begin, end = (moment.replace(tzinfo=zone).timestamp() for moment in (first, after))
    return round(begin) * SECOND, round(end) * SECOND


def _ends(name: str) -> tuple[datetime, datetime]:
    if re.fullmatch(r"\d{4}", name):
        return _midnight(date(int(name), 1, 1)), _midnight(date(int(name) + 1, 1, 1))
    if re.fullmatch(r"\d{4}-\d{2}", name):
        year, month = int(name[:4]), int(name[5:])
        first = date(year, month, 1)
        return _midnight(first), _midnight(date(year + (month == DECEMBER), month % DECEMBER + 1, 1))
    if re.fullmatch(r"\d{4}-W\d{2}", name):
        monday = date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
        return _midnight(monday), _midnight(monday + timedelta(weeks=1))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name):
        day = date.fromisoformat(name)
        return _midnight(day), _midnight(day + timedelta(days=1))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}", name):
        hour = _midnight(date.fromisoformat(name[:10])) + timedelta(hours=_hour(name[11:]))
        return hour, hour + timedelta(hours=1)
    raise ValueError("wanted one like 2013, 2013-05, 2013-05-01, 2013-W05 or 2013-05-01T06")


def _hour(text: str) -> int:
    if int(text) > 23:  # noqa: PLR2004 - a day's last hour
        raise ValueError(f"there is no hour {text}")
    return int(text)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
