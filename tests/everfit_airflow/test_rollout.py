"""The operator that rolls out in stages, and the trigger in which it waits."""

import asyncio
import json
from datetime import timedelta

import pytest
from airflow.sdk.exceptions import TaskDeferred

from everfit.errors import DeployError, Unreachable
from everfit.ledger.entries import StageEntered
from everfit.spec import load_spec
from everfit.spec.building import strategy_from
from everfit.steps.rollout import stop
from everfit_airflow.hooks.everfit import EverfitHook
from everfit_airflow.operators import DeployModelOperator
from everfit_airflow.triggers import rollout
from everfit_airflow.triggers.rollout import RolloutTrigger
from tests.steps.rolling import stand

ROLLOUT = ({"shadow": {"at_least": "5m", "answers": 50}}, {"canary": {"steps": [50], "bake": "5m", "answers": 20}})


class TaskInstance:
    """What the operator asks of Airflow's own."""

    dag_id, run_id, task_id, map_index, try_number = "m_deploy", "manual", "deploy", -1, 1

    def __init__(self):
        self.pushed = {}

    def xcom_push(self, key, value):
        self.pushed[key] = value


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A rollout in memory instead of Airflow's connections, and a trigger that looks often."""
    spec = load_spec("flight_delays").model_copy(update={"rollout": tuple(map(strategy_from, ROLLOUT))})
    made = stand(tmp_path, spec)
    made.champion()
    made.version(2, 1)

    async def aports(self):
        return made.ports

    monkeypatch.setattr(EverfitHook, "ports", lambda self: made.ports)
    monkeypatch.setattr(EverfitHook, "prices", lambda self: None)
    monkeypatch.setattr(EverfitHook, "aports", aports)
    monkeypatch.setattr("everfit.steps.spending._keep", lambda *_: None)
    monkeypatch.setattr("everfit.steps.spending.Account.for_version", lambda *_: None)
    monkeypatch.setattr(rollout, "SETTLE", 0.0)
    monkeypatch.setattr(rollout, "EVERY", 0.05)
    return made


def waits(act):
    """The deferral that ends a call, its trigger as the triggerer makes it again."""
    with pytest.raises(TaskDeferred) as deferred:
        act()
    path, given = deferred.value.trigger.serialize()
    assert path == "everfit_airflow.triggers.rollout.RolloutTrigger"
    return deferred.value, RolloutTrigger(**json.loads(json.dumps(given)))


async def fired(trigger):
    async for event in trigger.run():
        return event.payload
    return None


def fires_after(trigger, change):
    """The event that a change makes a waiting trigger fire with; without the change it goes on waiting."""

    async def scenario():
        waiting = asyncio.create_task(fired(trigger))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        change()
        return await asyncio.wait_for(waiting, 10)

    return asyncio.run(scenario())


def test_the_task_waits_between_looks_and_a_harmful_version_fails_it(here):
    task = DeployModelOperator(task_id="deploy", model=here.spec)
    context = {"ti": TaskInstance(), "params": {}, "outlet_events": {}}
    deferred, trigger = waits(lambda: task.execute(context))
    assert deferred.kwargs == {"version": 2}
    assert context["ti"].pushed["rollout"]["stage"] == "shadow"
    event = fires_after(trigger, lambda: here.traffic(200))
    deferred, trigger = waits(lambda: getattr(task, deferred.method_name)(context, event, **deferred.kwargs))
    assert context["ti"].pushed["rollout"]["stage"] == "canary 50 %"
    fires_after(trigger, lambda: here.traffic(2_500, worse=0.35))
    with pytest.raises(DeployError, match="version 2 of flight_delays is not deployed: harm: quality"):
        task.look(context, event, 2)
    assert [entry.body.name for entry in here.ledger.view().of(StageEntered)] == ["shadow", "canary 50 %"]
    assert here.route.challenger is None


def test_the_clock_alone_wakes_it(here):
    task = DeployModelOperator(task_id="deploy", model=here.spec)
    _, trigger = waits(lambda: task.execute({"ti": TaskInstance(), "params": {}}))
    assert fires_after(trigger, lambda: here.clock.later(minutes=5)) == {"model": "flight_delays"}


def test_a_decision_of_a_person_wakes_it_and_ends_it(here):
    task = DeployModelOperator(task_id="deploy", model=here.spec)
    context = {"ti": TaskInstance(), "params": {}}
    _, trigger = waits(lambda: task.execute(context))
    event = fires_after(trigger, lambda: stop(here.ports, here.spec, "people complain", "ann"))
    with pytest.raises(DeployError, match="stopped by ann: people complain"):
        task.look(context, event, 2)


def test_a_store_that_is_away_is_no_event(here, monkeypatch):
    task = DeployModelOperator(task_id="deploy", model=here.spec)
    _, trigger = waits(lambda: task.execute({"ti": TaskInstance(), "params": {}}))

    def away(*_):
        raise Unreachable("the store does not answer")

    monkeypatch.setattr("everfit.steps.news.known", away)
    assert fires_after(trigger, lambda: here.clock.later(minutes=5)) == {"model": "flight_delays"}


def test_a_little_new_evidence_waits_and_much_does_not():
    from everfit.steps.news import Known

    before = Known("head", 1_000, 0)
    assert not before.worth_a_look(before, timedelta(hours=1))
    assert not before.worth_a_look(Known("head", 1_050, 0), timedelta(minutes=1))
    assert before.worth_a_look(Known("head", 1_050, 0), timedelta(minutes=5))
    assert before.worth_a_look(Known("head", 1_101, 0), timedelta(0))
    assert before.worth_a_look(Known("head", 1_000, 1), timedelta(0))
    assert before.worth_a_look(Known("moved", 1_000, 0), timedelta(0))


def test_the_dag_is_the_same_for_every_strategy():
    from everfit_airflow import build_dags

    spec = load_spec("flight_delays")
    plans = [(), ROLLOUT, ("blue_green",), ({"ab": {"key": "carrier"}},)]
    made = [spec.model_copy(update={"rollout": tuple(map(strategy_from, plan))}) for plan in plans]
    dags = [build_dags(one)["flight_delays_deploy"] for one in made]
    assert {tuple(sorted(dag.task_ids)) for dag in dags} == {("deploy",)}
    assert "shadow → canary 50 % → champion" in dags[1].doc_md
    assert {tuple(dag.params) for dag in dags} == {("version",)}
