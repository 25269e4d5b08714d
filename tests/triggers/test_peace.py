"""When a model is left in peace: the laws of it, and the two nights of a year in which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.triggers import Budget, Peace, Quiet
from everfit.triggers.peace import DAYS

START = datetime(2013, 6, 3, tzinfo=UTC)  # a Monday
moments = st.integers(0, 60 * 24 * 30).map(lambda minutes: START + timedelta(minutes=minutes))
hours = st.integers(0, 47).map(lambda halves: time(halves // 2, 30 * (halves % 2)))
quiets = st.builds(
    Quiet,
    hours,
    hours,
    st.lists(st.sampled_from(DAYS), max_size=6, unique=True).map(tuple),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"]),
)
peaces = st.builds(
    Peace,
    st.integers(0, 48).map(lambda hours: timedelta(hours=hours)),
    st.none() | quiets,
    st.none() | st.builds(Budget, st.integers(1, 3), st.integers(1, 10).map(lambda days: timedelta(days=days))),
)


@settings(max_examples=300, deadline=None)
@given(peaces, st.lists(moments, max_size=5), moments)
def test_peace_ends_later_than_now_and_once_it_is_over_a_run_may_begin(
    peace: Peace, began: list[datetime], now: datetime
) -> None:
    began = [moment for moment in began if moment <= now]
    found = peace.until(began, now)
    if found is None:
        return
    assert found[0] > now
    for _ in range(4):  # quiet may begin when a cooldown ends, so it may take some looks, each of them later
        again = peace.until(began, found[0])
        if again is None:
            break
        assert again[0] > found[0]
        found = again
    assert again is None


@settings(max_examples=200, deadline=None)
@given(quiets, moments)
def test_quiet_is_what_a_walk_minute_by_minute_finds(quiet: Quiet, now: datetime) -> None:
    def is_quiet(moment: datetime) -> bool:
        local = moment.astimezone(ZoneInfo(quiet.zone))
        clock = local.time().replace(tzinfo=None)
        if DAYS[local.weekday()] in quiet.days:
            return True
        if quiet.begin <= quiet.end:
            return quiet.begin <= clock < quiet.end
        return clock >= quiet.begin or clock < quiet.end

    end = quiet.ends(now)
    assert (end is None) == (not is_quiet(now))
    if end is not None:
        assert not is_quiet(end)
        assert all(is_quiet(now + n * timedelta(minutes=15)) for n in range(int((end - now) / timedelta(minutes=15))))


def test_a_budget_is_kept_over_any_stretch_of_time() -> None:
    """Whoever asks every hour for a year starts as many runs as the budget has, in every week."""
    peace, began, now = Peace(at_most=Budget(3, timedelta(days=7))), [], START
    for _ in range(24 * 365):
        if peace.until(began, now) is None:
            began.append(now)
        now += timedelta(hours=1)
    assert len(began) >= 3 * 52
    assert all(later - first >= timedelta(days=7) for first, later in zip(began, began[3:], strict=False))


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2013-03-10T05:30+00:00", "2013-03-10T10:00+00:00"),  # 01:30 to 06:00, and the clock jumps from 2 to 3
        ("2013-11-03T04:30+00:00", "2013-11-03T11:00+00:00"),  # 00:30 to 06:00, and 1 o'clock comes twice
    ],
)
def test_quiet_follows_the_clocks_on_the_wall(now: str, end: str) -> None:
    quiet = Quiet(time(22), time(6), (), "America/New_York")
    assert quiet.ends(datetime.fromisoformat(now)) == datetime.fromisoformat(end)


def test_a_week_that_is_quiet_all_over_never_ends_and_says_when_to_ask_again() -> None:
    end = Quiet(days=DAYS).ends(START)
    assert end is not None
    assert end > START
