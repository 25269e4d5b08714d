"""The sensor of a continuous DAG: what it takes, when it waits, when it gives up."""

from dataclasses import replace

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from everfit_airflow.hooks.everfit import EverfitHook
from everfit_airflow.sensors import NewBatchSensor
from tests.steps.arriving import local, model


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A landing place, and its ports instead of those of Airflow's connections."""
    source = local(tmp_path)
    monkeypatch.setattr(EverfitHook, "ports", lambda self: replace(source.ports))
    return source


def test_it_waits_in_the_triggerer_until_a_delivery_is_whole(source):
    sensor = NewBatchSensor(task_id="wait", model=model(complete_when={"unchanged_for": 30}))
    source.put("shop/2013-05/visits.csv", b"page\n")
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({})
    assert deferred.value.trigger.serialize()[0].endswith("NewBatchTrigger")
    source.later(30)
    (arrival,) = sensor.execute({}, {"partitions": ["2013-05"]})
    assert (arrival["partition"], list(arrival["files"])) == ("2013-05", ["visits.csv"])


def test_it_skips_with_a_reason(source):
    sensor = NewBatchSensor(task_id="wait", model=model(counts_when={"rows": 5, "within": 60}))
    with pytest.raises(AirflowSkipException, match="nothing arrived in shop for 3,600 s"):
        sensor.execute({}, {"partitions": []})
    for name in ("visits.csv", "_SUCCESS"):
        source.put(f"shop/2013-05/{name}", b"page\n1\n")
    with pytest.raises(AirflowSkipException, match="what arrived in shop does not count yet: 2013-05"):
        sensor.execute({}, {"partitions": ["2013-05"]})
    source.later(61)
    with pytest.raises(AirflowSkipException, match="late in shop: 1; nothing else is there"):
        sensor.execute({})
