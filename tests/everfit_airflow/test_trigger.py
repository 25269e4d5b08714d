"""The triggers that look at the landing place, or wait for a message."""

import asyncio
import json
import threading
from datetime import UTC, datetime

import pytest

from everfit.ledger.entries import BatchQuarantined
from everfit.ports import Ports
from everfit.spec import DataSpec
from everfit.stores import open_store
from everfit.stores.landing import open_landing
from everfit_airflow.hooks.everfit import EverfitHook
from everfit_airflow.looking import received, sent
from everfit_airflow.triggers import new_batch
from everfit_airflow.triggers.landing import LandingTrigger
from everfit_airflow.triggers.message_queue import QueueTrigger
from everfit_airflow.triggers.new_batch import NewBatchTrigger
from tests.services import KEYS, s3_server

CONNECTIONS = {"store": "a", "landing": "b", "mlflow": "c", "server": "d"}


def trigger(**changes) -> NewBatchTrigger:
    return NewBatchTrigger(model="flight_delays", data=data(**changes), connections=CONNECTIONS)


def data(**changes) -> str:
    """A spec as it travels; it looks more often than a spec may ask for."""
    given = {"landing": "flights", "tables": {"flights": {"file": "flights.parquet"}}, "look_every": 1, "look_for": 20}
    return sent(DataSpec.model_validate(given | changes))


@pytest.fixture
def landing(tmp_path, monkeypatch):
    """Ports on real folders instead of Airflow connections, and no settling time."""
    ports = Ports(
        store=open_store(str(tmp_path / "store")),
        landing=open_landing(str(tmp_path / "landing")),
        data=None,
        registry=None,
        target=None,
        clock=lambda: datetime.now(UTC),
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
    assert asyncio.run(first_event(trigger(look_for=5))) == {"partitions": []}


@pytest.mark.parametrize(
    "one",
    [
        LandingTrigger(model="m", data=data(), connections=CONNECTIONS),
        QueueTrigger(queue="http://127.0.0.1/1/q", connection="c"),
    ],
)
def test_a_watcher_survives_the_way_to_the_triggerer_and_is_equal_to_itself(one):
    path, given = one.serialize()
    module, name = path.rsplit(".", 1)
    again = getattr(__import__(module, fromlist=[name]), name)(**json.loads(json.dumps(given)))
    assert again.serialize() == (path, given)
    assert one.hash(path, given) == one.hash(*again.serialize())


def test_what_travels_is_the_spec_without_what_only_validation_needs():
    spec = DataSpec.model_validate_json(
        json.dumps(
            {
                "landing": "shop",
                "each": "file",
                "tables": {"visits": {"file": "*.csv"}},
                "complete_when": {"manifest": "*.json"},
                "counts_when": {"rows": 7, "within": 60},
                "wake": {"by": "watch"},
            }
        )
    )
    assert received(sent(spec)).model_dump(exclude={"wake"}) == spec.model_dump(exclude={"wake"})
    assert {"rules", "wake"} & json.loads(sent(spec)).keys() == set()


async def events_of(one, want: int, between=lambda number: None):
    """So many events of a watcher, with something done after each of them."""
    found, running = [], one.run()
    async for event in running:
        found.append(event.payload)
        between(len(found))
        if len(found) == want:
            await running.aclose()
            break
    return found


def test_a_watcher_says_each_thing_once_and_sees_what_comes_later(landing):
    (landing / "_SUCCESS").touch()
    looks = []

    def between(number):
        looks.append(number)
        if number == 1:
            (landing.parent / "2013-02").mkdir()
            (landing.parent / "2013-02" / "_SUCCESS").touch()

    one = LandingTrigger(model="flight_delays", data=data(), connections=CONNECTIONS)
    found = asyncio.run(asyncio.wait_for(events_of(one, 2, between), 20))
    assert found == [{"partitions": ["2013-01"]}, {"partitions": ["2013-01", "2013-02"]}]


def test_a_landing_place_that_is_away_for_a_moment_is_no_news(landing):
    """What was announced before is not announced again when it is back, and what is new is."""
    (landing / "_SUCCESS").touch()
    place = landing.parents[1]

    def between(number):
        if number == 1:
            place.rename(place.with_name("away"))
            timer = threading.Timer(1.5, lambda: [place.with_name("away").rename(place), later()])
            timer.start()

    def later():
        (landing.parent / "2013-02").mkdir()
        (landing.parent / "2013-02" / "_SUCCESS").touch()

    one = LandingTrigger(model="flight_delays", data=data(), connections=CONNECTIONS)
    found = asyncio.run(asyncio.wait_for(events_of(one, 2, between), 20))
    assert found == [{"partitions": ["2013-01"]}, {"partitions": ["2013-01", "2013-02"]}]


def test_a_watcher_is_silent_about_what_is_settled_and_speaks_of_what_is_late(landing, tmp_path):
    """The second event is that the same delivery is late by now."""
    (landing / "flights.parquet").write_bytes(b"")
    ledger = asyncio.run(EverfitHook().aports()).ledger("flight_delays")
    ledger.append("arrival:x:y", BatchQuarantined("x", "y", "0" * 64, (), "", ""))
    changes = {"counts_when": {"within": 1.0}}
    one = LandingTrigger(model="flight_delays", data=data(**changes), connections=CONNECTIONS)
    assert asyncio.run(asyncio.wait_for(events_of(one, 1), 20)) == [{"partitions": ["2013-01"]}]


@pytest.fixture(scope="module")
def sqs():
    """A real SQS server and a client of it."""
    import boto3

    with s3_server() as options:
        yield boto3.client("sqs", **options), options["endpoint_url"]


def test_messages_of_any_endpoint_are_events_and_are_gone_then(sqs, monkeypatch):
    client, endpoint = sqs
    url = client.create_queue(QueueName="landed")["QueueUrl"]
    connection = {
        "conn_type": "aws",
        "login": KEYS["aws_access_key_id"],
        "password": KEYS["aws_secret_access_key"],
        "extra": {"url": "s3://lake/landing", "endpoint_url": endpoint, "region_name": KEYS["region_name"]},
    }
    monkeypatch.setenv("AIRFLOW_CONN_EVERFIT_LANDING", json.dumps(connection))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    def send(number=0):
        client.send_message(QueueUrl=url, MessageBody=f"object {number} was created")

    send()
    found = asyncio.run(asyncio.wait_for(events_of(QueueTrigger(queue=url, connection="everfit_landing"), 2, send), 30))
    assert found == [{"messages": 1}] * 2
    left = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert left == {"ApproximateNumberOfMessages": "1"}, "what came after the last event is still there"
