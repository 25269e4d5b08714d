"""The watch over runs that come to be due: it wakes Airflow once, and outlives a store that is away."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import Unreachable
from everfit_airflow.hooks.everfit import EverfitHook
from everfit_airflow.looking import sent_whole
from everfit_airflow.triggers import due
from everfit_airflow.triggers.due import DueTrigger
from tests.steps.test_why_now import House

CONNECTIONS = {"store": "a", "landing": "b", "mlflow": "c", "server": "d"}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(tmp_path)
    made.accept("2013-01", "2013-02")
    made.wants(when=["new_data"], cooldown="6h")

    async def aports(_: EverfitHook) -> Any:
        return replace(made.ports, clock=lambda: made.now)

    monkeypatch.setattr(EverfitHook, "aports", aports)
    monkeypatch.setattr(due, "EVERY", 0.01)
    return made


async def heard(house: House, acts: list[Any]) -> list[Any]:
    """What the watch says after each act, within half a second."""
    events: list[Any] = []

    async def listen() -> None:
        trigger = DueTrigger(spec=sent_whole(house.spec), connections=CONNECTIONS)
        async for event in trigger.run():
            events.append(event.payload)  # noqa: PERF401 - the loop never ends

    task, said = asyncio.create_task(listen()), []
    for act in acts:
        before = len(events)
        act()
        for _ in range(50):
            await asyncio.sleep(0.01)
        said.append(events[before:])
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return said


def test_it_wakes_airflow_once_the_cooldown_is_over(house: House) -> None:
    house.trained("r1")
    house.accept("2013-03")

    def later() -> None:
        house.now += timedelta(hours=7)

    words = ["1 new batch with 10 rows (2013-03)"]
    cooling, over, still, begun = asyncio.run(
        heard(house, [lambda: None, later, lambda: None, lambda: house.trained("r2", why="due")])
    )
    assert (cooling, over, still, begun) == ([], [{"because": words}], [], [])


def test_what_stays_due_is_told_again_since_a_paused_dag_misses_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "AGAIN", 3)
    paused, begun = asyncio.run(heard(house, [lambda: None, lambda: house.ask("r1", "due") and None]))
    assert len(paused) >= 2
    assert {tuple(event["because"]) for event in paused} == {("2 new batches with 20 rows (2013-01, 2013-02)",)}
    assert len(begun) <= 1


def test_the_same_words_of_another_event_are_told_too(house: House) -> None:
    def corrected() -> None:
        house.accept("2013-02")
        house.now += timedelta(hours=7)

    house.trained("r1", why="a person")
    first, judged, second = asyncio.run(heard(house, [corrected, lambda: house.trained("r2", why="due"), corrected]))
    assert first == second == [{"because": ["1 new batch with 10 rows (2013-02)"]}]
    assert judged == []


def test_a_store_that_is_away_is_no_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> Any:
        raise Unreachable("the store is away")

    with monkeypatch.context() as now:
        now.setattr("everfit.steps.due.due", away)
        away_, back = asyncio.run(heard(house, [lambda: None, now.undo]))
    assert away_ == []
    assert len(back) == 1


def test_equal_specs_are_one_watch() -> None:
    kind, kwargs = DueTrigger(spec="{}", connections=CONNECTIONS).serialize()
    assert (kind, kwargs) == (
        "everfit_airflow.triggers.due.DueTrigger",
        {"spec": "{}", "connections": CONNECTIONS},
    )
