"""What each trigger says, and what several say together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from everfit.catalog import triggers
from everfit.triggers import Group, Occasion
from everfit.triggers.changed import Changed
from everfit.triggers.new_data import NewData
from everfit.triggers.schedule import Schedule
from everfit.triggers.worth_it import WorthIt
from everfit.values import Batch

MONDAY = datetime(2013, 6, 3, 5, tzinfo=UTC)


def fresh(*rows: int) -> tuple[tuple[int, Batch], ...]:
    return tuple((n, Batch(f"2013-{n:02}", 1, f"{n}", count, (), "")) for n, count in enumerate(rows, 1))


def test_they_are_found_by_name() -> None:
    known = {"changed": Changed, "new_data": NewData, "schedule": Schedule, "worth_it": WorthIt}
    assert known.items() <= triggers().items()


@pytest.mark.parametrize(
    ("trigger", "rows", "holds", "words"),
    [
        (NewData(), (), False, "no new batch, wanted 1"),
        (NewData(), (1000,), True, "1 new batch with 1,000 rows (2013-01)"),
        (NewData(2), (1000,), False, "1 new batch with 1,000 rows (2013-01), wanted 2"),
        (NewData(1, 5000), (1000, 2000), False, "2 new batches with 3,000 rows (2013-01, 2013-02), wanted 1 with 5,0"),
        (NewData(1, 3000), (1000, 2000), True, "2 new batches with 3,000 rows (2013-01, 2013-02)"),
        (NewData(), (1, 1, 1, 1, 1), True, "5 new batches with 5 rows (2013-01, 2013-02, 2013-03 and 2 more)"),
    ],
)
def test_new_data(trigger: NewData, rows: tuple[int, ...], holds: bool, words: str) -> None:
    reason = trigger.fires(Occasion(MONDAY, fresh(*rows)))
    assert (reason.holds, reason.words[: len(words)]) == (holds, words)
    assert reason.events == tuple(range(1, len(rows) + 1))


@pytest.mark.parametrize(
    ("began", "now", "holds"),
    [
        (None, MONDAY - timedelta(hours=1), True),  # last Monday's
        (MONDAY - timedelta(hours=1), MONDAY - timedelta(seconds=1), False),
        (MONDAY - timedelta(hours=1), MONDAY, True),
        (MONDAY - timedelta(hours=1), MONDAY + timedelta(days=5), True),
        (MONDAY, MONDAY, False),
        (MONDAY + timedelta(seconds=7), MONDAY + timedelta(days=6), False),
        (MONDAY + timedelta(seconds=7), MONDAY + timedelta(days=7), True),
    ],
)
def test_a_time_counts_once(began: datetime | None, now: datetime, holds: bool) -> None:
    assert Schedule("0 5 * * 1").fires(Occasion(now, began=began)).holds is holds


def test_groups_in_groups() -> None:
    now = Occasion(MONDAY, fresh(10), ("features.py is another one",), MONDAY - timedelta(days=1))
    weekly, much = Schedule("0 5 * * 1"), NewData(rows=1000)
    assert Group(2, (Changed(), much, weekly)).fires(now).holds
    assert not Group(3, (Changed(), much, weekly)).fires(now).holds
    inner = Group(1, (much, NewData()))
    reason = Group(2, (weekly, inner)).fires(now)
    assert reason.holds
    assert reason.events == (1,)
    assert reason.words == "scheduled for 2013-06-03 05:00 UTC (0 5 * * 1); 1 new batch with 10 rows (2013-01)"


@pytest.mark.parametrize(("kind", "settings"), [(NewData, {"batches": 0}), (Schedule, {"cron": "often"})])
def test_wrong_settings_are_refused(kind: type, settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(settings))}: .*wanted"):
        kind(**settings)
