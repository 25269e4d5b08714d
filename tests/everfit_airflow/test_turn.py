"""The operator and the trigger that wait for a turn in the line of a pool."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk.exceptions import TaskDeferred

from everfit.errors import Unreachable
from everfit.steps.line import look, take_place, training
from everfit.stores import open_store
from everfit_airflow.hooks.everfit import EverfitHook
from everfit_airflow.operators import WaitForTurnOperator
from everfit_airflow.triggers import turn
from everfit_airflow.triggers.turn import TurnTrigger
from tests.steps.queueing import hall, spec_of


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Ports on a real folder instead of Airflow's connections, with time that goes by; and no settling time."""
    made = hall(tmp_path, open_store(str(tmp_path / "store")))
    made.ports = replace(made.ports, clock=lambda: datetime.now(UTC))

    async def aports(self):
        return made.ports

    monkeypatch.setattr(EverfitHook, "ports", lambda self: made.ports)
    monkeypatch.setattr(EverfitHook, "aports", aports)
    monkeypatch.setattr(turn, "SETTLE", 0.0)
    monkeypatch.setattr("everfit.steps.line.NEAR", timedelta(seconds=0.05))
    return made


def operator(here, model: str) -> WaitForTurnOperator:
    here.accept(model, "2013-01", "2013-02")
    run = here.trigger(spec_of(model))
    return WaitForTurnOperator(task_id="wait_for_turn", model=spec_of(model), run={"run": run.run})


async def fired(trigger: TurnTrigger):
    async for event in trigger.run():
        return event.payload
    return None


def test_a_run_with_nobody_ahead_goes_on_without_the_triggerer(here):
    found = operator(here, "alone").execute({})
    assert (found["gain"], found["asked"]) == (0.5, False)


def test_a_run_with_somebody_ahead_waits_in_the_triggerer_until_that_one_begins(here):
    operator(here, "first").execute({})
    second = operator(here, "second")
    with pytest.raises(TaskDeferred) as deferred:
        second.execute({})
    assert deferred.value.timeout is None
    path, given = deferred.value.trigger.serialize()
    assert path == "everfit_airflow.triggers.turn.TurnTrigger"
    again = TurnTrigger(**json.loads(json.dumps(given)))
    assert again.serialize() == (path, given)

    async def scenario():
        waiting = asyncio.create_task(fired(again))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        with training(here.ports.store, "gpu", "first", "run-1"):
            return await asyncio.wait_for(waiting, 10)

    event = asyncio.run(scenario())
    assert getattr(second, deferred.value.method_name)({}, event) == event
    assert event["gain"] == 0.5


def test_a_task_that_is_tried_again_finds_its_place(here):
    operator(here, "first").execute({})
    second = operator(here, "second")
    for _ in range(2):
        with pytest.raises(TaskDeferred):
            second.execute({})
    assert len(here.ports.store.list("line/gpu/tickets")) == 2


def test_a_store_that_is_away_for_a_moment_costs_nobody_the_place(here, monkeypatch):
    operator(here, "first").execute({})
    ticket = take_place(here.ports, spec_of("second"), _run(here, "second"))
    looks = []

    def away_at_first(*asked):
        looks.append(asked)
        if len(looks) == 1:
            raise Unreachable("the store does not answer")
        return look(*asked)

    monkeypatch.setattr("everfit.steps.line.look", away_at_first)
    from everfit.values import dump

    with training(here.ports.store, "gpu", "first", "run-1"):
        trigger = TurnTrigger(ticket=dump(ticket), connections={})
        assert asyncio.run(asyncio.wait_for(fired(trigger), 10))["gain"] == 0.5
    assert len(looks) >= 2


def _run(here, model: str):
    here.accept(model, "2013-01", "2013-02")
    return here.trigger(spec_of(model))
