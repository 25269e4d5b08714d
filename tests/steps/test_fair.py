"""The order of the line in a pool that never has a free slot: a small discrete-event model of months."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.steps.priority import DAY, POINT, Priority, due

BEGIN = datetime(2013, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Wants:
    """A model that wants to be trained anew `pause` after each training, with the same reasons each time."""

    gain: float
    asked: bool = False
    person: bool = False
    pause: timedelta = timedelta(0)


@dataclass
class Pool:
    """`slots` that train `wants`, each for `hours`; Airflow holds one run that was called, the line all others."""

    wants: Mapping[str, Wants]
    slots: int
    hours: float
    waits: dict[str, list[timedelta]] = field(default_factory=dict)

    def run(self, days: float) -> Pool:
        line: list[tuple[datetime, str, datetime]] = []
        coming = [(BEGIN, model) for model in self.wants]
        busy: list[tuple[datetime, str]] = []
        turns: dict[str, list[datetime]] = {model: [] for model in self.wants}
        now, called = BEGIN, None
        while now < BEGIN + timedelta(days=days):
            while coming and coming[0][0] <= now:
                came, model = heapq.heappop(coming)
                heapq.heappush(line, (due(came, self._priority(model, turns[model], came)), model, came))
            while busy and busy[0][0] <= now:
                _, model = heapq.heappop(busy)
                heapq.heappush(coming, (now + self.wants[model].pause, model))
            called = called or (heapq.heappop(line) if line else None)
            while called and len(busy) < self.slots:
                _, model, came = called
                self.waits.setdefault(model, []).append(now - came)
                turns[model].append(now)
                heapq.heappush(busy, (now + timedelta(hours=self.hours), model))
                called = heapq.heappop(line) if line else None
            now = max(now, min(each[0][0] for each in (coming, busy) if each))
        for _, model, came in [*line, *([called] if called else [])]:  # whoever is not served yet has waited, too
            self.waits.setdefault(model, []).append(now - came)
        return self

    def _priority(self, model: str, turns: list[datetime], now: datetime) -> Priority:
        wants = self.wants[model]
        lately = sum(at > now - DAY for at in turns)
        return Priority(wants.asked, wants.person, wants.gain, 0, 1, wants.gain, lately)

    @property
    def longest(self) -> timedelta:
        return max(max(waits) for waits in self.waits.values())

    @property
    def bound(self) -> timedelta:
        """Three days for those who may go first, then one turn of every other model, the called one and the rest."""
        return 6 * POINT + timedelta(hours=self.hours) * ((len(self.wants) - 1) / self.slots + 2)

    @property
    def turns(self) -> Counter[str]:
        return Counter({model: len(waits) for model, waits in self.waits.items()})


WANTS = st.builds(Wants, gain=st.floats(0, 1), asked=st.booleans(), person=st.booleans())


@given(st.lists(WANTS, min_size=2, max_size=30), st.integers(1, 3), st.sampled_from([0.2, 1.0, 5.0]))
@settings(max_examples=30, deadline=None)
def test_under_saturation_everybody_is_served_within_the_bound(wants, slots, hours):
    pool = Pool({f"m{number}": each for number, each in enumerate(wants)}, slots, hours).run(days=20)
    assert pool.longest <= pool.bound
    assert set(pool.turns) == set(pool.wants)


def test_two_hundred_models_on_two_cards():
    """As many runs as two cards can train in 150 hours: the longest wait is near to that of pure order of arrival."""
    pool = Pool({f"m{number:03}": Wants((number % 10) / 10) for number in range(200)}, slots=2, hours=1.5).run(days=60)
    cycle = timedelta(hours=1.5 * 200 / 2)
    assert cycle <= pool.longest <= cycle + 2 * POINT
    assert max(pool.turns.values()) - min(pool.turns.values()) <= 2


def test_equal_models_take_turns():
    pool = Pool({f"m{number}": Wants(0.4) for number in range(7)}, slots=1, hours=1).run(days=30)
    assert max(pool.turns.values()) - min(pool.turns.values()) <= 1


def test_a_flood_of_one_model_does_not_push_the_others_out():
    """Somebody starts it anew whenever it ends, and it gains most: it gets at most four times what another gets."""
    calm = {f"m{number:02}": Wants(0.2) for number in range(19)}
    pool = Pool(calm | {"flood": Wants(1.0, person=True)}, slots=1, hours=1).run(days=60)
    without = Pool(calm, slots=1, hours=1).run(days=60)
    others = [pool.turns[model] for model in calm]
    assert min(others) >= 0.85 * min(without.turns.values())
    assert max(others) < pool.turns["flood"] <= 4 * min(others)


def test_even_recalls_without_end_leave_the_others_more_than_half_of_an_equal_share():
    calm = {f"m{number}": Wants(0.0) for number in range(5)}
    pool = Pool(calm | {"recalled": Wants(1.0, asked=True, person=True)}, slots=1, hours=1).run(days=60)
    assert min(pool.turns[model] for model in calm) > 60 * 24 / 6 / 2
    assert pool.longest <= pool.bound


def test_who_gains_more_waits_less_when_the_pool_is_full_now_and_then():
    """Each comes once a day, and all at once: the order within the day is that of the gain."""
    rest = timedelta(hours=23)
    pool = Pool({f"m{number}": Wants(number / 10, pause=rest) for number in range(10)}, slots=1, hours=1).run(days=1)
    order = sorted(pool.waits, key=lambda model: pool.waits[model][0])
    assert order == [f"m{number}" for number in reversed(range(10))]
