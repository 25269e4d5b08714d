"""The trigger that looks at the landing place."""

import asyncio
import json

import pytest

from everfit.ports import Ports
from everfit.stores import open_store
from everfit.stores.landing import open_landing
from everfit_airflow.hooks.everfit import EverfitHook
from everfit_airflow.triggers import new_batch
from everfit_airflow.triggers.new_batch import NewBatchTrigger


def trigger(**changes) -> NewBatchTrigger:
    given = {
        "model": "flight_delays",
        "folder": "flights",
        "marker": "_SUCCESS",
        "every": 0.05,
        "look_for": 20.0,
        "connections": {"store": "a", "landing": "b", "mlflow": "c", "server": "d"},
    }
    return NewBatchTrigger(**(given | changes))


@pytest.fixture
def landing(tmp_path, monkeypatch):
    """Ports on real folders instead of Airflow connections, and no settling time."""
    ports = Ports(
        store=open_store(str(tmp_path / "store")),
        landing=open_landing(str(tmp_path / "landing")),
        data=None,
        registry=None,
        target=None,
        clock=None,
        work=tmp_path,
    )

    async def aports(self):
        return ports

    monkeypatch.setattr(EverfitHook, "aports", aports)
    monkeypatch.setattr(new_batch, "SETTLE", 0.0)
    (tmp_path / "landing/flights/2013-01").mkdir(parents=True)
    return tmp_path / "landing/flights/2013-01"


async def first_event(one: NewBatchTrigger):
    async for event in one.run():
        return event.payload
    return None


def test_it_survives_the_way_to_the_triggerer():
    path, given = trigger().serialize()
    assert path == "everfit_airflow.triggers.new_batch.NewBatchTrigger"
    assert json.loads(json.dumps(given)) == given
    assert NewBatchTrigger(**given).serialize() == (path, given)


def test_it_fires_for_a_complete_batch_and_not_for_half_a_one(landing):
    async def scenario():
        (landing / "flights.parquet").write_bytes(b"half")
        waiting = asyncio.create_task(first_event(trigger()))
        await asyncio.sleep(0.4)
        assert not waiting.done(), "a batch without its marker is still being written"
        (landing / "_SUCCESS").touch()
        return await asyncio.wait_for(waiting, 10)

    assert asyncio.run(scenario()) == {"partitions": ["2013-01"]}


def test_it_gives_up_when_it_has_looked_long_enough(landing):
    assert asyncio.run(first_event(trigger(look_for=0.3))) == {"partitions": []}
