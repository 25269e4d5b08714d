"""The events that OpenLineage's own provider writes for our tasks: from a delivery to what serves, by hash."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from everfit.ledger import Ledger, View
from everfit.ledger.entries import BatchAccepted, CandidateJudged, ModelRegistered, RunTriggered
from everfit.settings import Address, Place
from everfit.spec import load_spec
from everfit.stores import LocalStore
from everfit.values import Arrival, Check, Inspection
from everfit_airflow import openlineage
from tests.services import mlflow_server, model_server
from tools.land_flights import land

PAGE = Path(__file__).parents[2] / "docs/how-to/send-openlineage.md"
PROGRAM = Path(__file__).with_name("openlineage_run.py")
MONTHS = ("2013-01", "2013-02", "2013-03")
Event = dict[str, Any]
pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, airflow_db: Path) -> tuple[Path, dict[str, Event], View]:
    """Three months become a champion; every task's COMPLETE event, and the ledger."""
    root = tmp_path_factory.mktemp("lineage")
    land(root / "landing", MONTHS, 0.05)
    with (
        mlflow_server(root / "mlflow") as mlflow,
        model_server(mlflow.url, root / "server", ["flight_delays"]) as server,
    ):
        connections: dict[str, Event] = {
            name: {"conn_type": "fs", "extra": {"path": str(root / name)}} for name in ("store", "landing")
        }
        for name, service in (("mlflow", mlflow), ("server", server)):
            host, _, port = service.url.removeprefix("http://").partition(":")
            connections[name] = {"conn_type": "http", "host": host, "port": int(port)}
        dags = root / "dags"
        dags.mkdir()
        (dags / "life.py").write_text(PROGRAM.read_text())
        bundle = {"classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {"path": str(dags)}}
        env = {
            **os.environ,
            **{f"AIRFLOW_CONN_EVERFIT_{name.upper()}": json.dumps(said) for name, said in connections.items()},
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([{"name": "own", **bundle}]),
            **_switched_on(root / "events.jsonl"),
            "EVERFIT_WORK": str(root / "work"),
        }
        command = [sys.executable, str(dags / "life.py"), "ingest", "train"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=240)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    view = Ledger("flight_delays", LocalStore(root / "store"), lambda: datetime.now(UTC)).view()
    told = [json.loads(line) for line in (root / "events.jsonl").read_text().splitlines()]
    ended = [one for one in told if one["eventType"] == "COMPLETE"]
    return root, {_task(one): one for one in ended}, view


def _switched_on(log: Path) -> dict[str, str]:
    """What docs/how-to/send-openlineage.md says to set for events in a file."""
    said = dict(re.findall(r"^export (OPENLINEAGE__\w+)=(\S+)$", PAGE.read_text(), re.MULTILINE))
    assert said["OPENLINEAGE__TRANSPORT__LOG_FILE_PATH"] == log.name
    return said | {"OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(log)}


def _task(event: Event) -> str:
    """`train.fit`; a mapped task with its partition, for which of them ends last is chance."""
    told = event["outputs"] if event["job"]["name"].endswith(".commit") else event["inputs"]
    partition = f":{Path(told[0]['name']).name}" if ".each." in event["job"]["name"] else ""
    return event["job"]["name"] + partition


def versions(event: Event, side: str) -> dict[str, str]:
    """Name to version of what an event read or made."""
    return {one["name"]: one["facets"]["version"]["datasetVersion"] for one in event[side]}


def test_a_batch_is_told_with_its_hash_its_rows_and_its_owner(life: tuple[Path, dict[str, Event], View]) -> None:
    root, events, view = life
    for entry in view.of(BatchAccepted):
        batch = entry.body.batch
        event = events[f"ingest.each.commit:{batch.partition}"]
        name = f"{root}/store/dvc/flight_delays/{batch.partition}"
        assert versions(event, "outputs") == {name: batch.sha256}
        assert set(versions(event, "inputs").values()) == {batch.sha256}
        (made,) = event["outputs"]
        assert made["namespace"] == "file"
        assert made["outputFacets"]["outputStatistics"]["rowCount"] == batch.rows
        assert made["facets"]["ownership"]["owners"] == [{"name": "team:flights", "type": "MAINTAINER"}]
    assert [batch.partition for _, batch in view.batches] == list(MONTHS)


def test_what_validation_found_is_told_of_the_delivery(life: tuple[Path, dict[str, Event], View]) -> None:
    root, events, _ = life
    event = events["ingest.each.validate:2013-01"]
    (read,) = event["inputs"]
    assert Path(read["name"]).parent == root / "landing/flights"
    told = read["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert len(told) > 20
    assert all(one["success"] for one in told)
    assert {one.get("column") for one in told if one["assertion"].startswith("flights: ")} >= {"carrier", "dep_delay"}
    assert versions(event, "inputs").popitem()[1] == versions(event, "outputs").popitem()[1]


def test_what_validation_found_wrong_is_told_too(life: tuple[Path, dict[str, Event], View]) -> None:
    """February's weather has one row with a wind of 1,048 miles an hour; it was withheld."""
    _, events, _ = life
    (read,) = events["ingest.each.validate:2013-02"]["inputs"]
    told = read["inputFacets"]["dataQualityAssertions"]["assertions"]
    (failed,) = [one for one in told if not one["success"]]
    assert (failed["assertion"], failed["column"]) == ("weather: between 0 and 200", "wind_speed")


def test_what_one_task_made_the_next_one_read(life: tuple[Path, dict[str, Event], View]) -> None:
    """From batches to the version that serves, each by the very name and version under which it was made."""
    root, events, view = life
    (run,), (judged,), (registered,) = view.of(RunTriggered), view.of(CandidateJudged), view.of(ModelRegistered)
    chain = [f"train.{task}" for task in ("resolve", "features", "fit", "evaluate", "judge", "register", "deploy")]
    store = f"{root}/store"
    assert versions(events[chain[0]], "inputs") == {
        f"{store}/dvc/flight_delays/{batch.partition}": batch.sha256 for batch in run.body.batches
    }
    assert versions(events[chain[0]], "outputs") == {f"{store}/snapshots/flight_delays": run.body.snapshot}
    assert versions(events["train.fit"], "outputs") == {"runs/flight_delays": judged.body.mlflow_run}
    assert versions(events["train.evaluate"], "outputs") == {
        f"{store}/evidence/flight_delays": judged.body.evidence.sha256
    }
    assert versions(events["train.judge"], "outputs") == {f"{store}/ledger/flight_delays": str(judged.seq)}
    assert versions(events["train.register"], "outputs") == {"models/flight_delays": "1"}
    assert versions(events["train.deploy"], "outputs") == {"flight_delays": str(registered.body.version.version)}
    for earlier, later in pairwise(chain):
        assert versions(events[earlier], "outputs").items() <= versions(events[later], "inputs").items()
    (table,) = events["train.features"]["outputs"]
    assert len(table["facets"]["schema"]["fields"]) > 10
    assert {one["namespace"].split(":")[0] for event in events.values() for one in event["outputs"]} == {
        "file",
        "mlflow",
        "everfit",
    }


def test_the_code_is_told_by_its_git_revision(life: tuple[Path, dict[str, Event], View]) -> None:
    _, events, _ = life
    folder = Path(load_spec("flight_delays").folder)
    done = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    for task in ("train.fit", "ingest.each.validate:2013-01"):
        facet = events[task]["job"]["facets"].get("sourceCodeLocation", {})
        assert facet.get("version", "").removesuffix("+changes") == done.stdout.strip()


def test_names_on_s3_are_those_of_the_specification() -> None:
    place = Place(
        Address("s3://lake/everfit"),
        Address("s3://lake/landing"),
        Address("http://mlflow:5000"),
        Address("http://s:8000"),
    )
    spec = load_spec("flight_delays")
    checks = (
        Check("flights", None, "rows", "none", False),
        Check("flights", "hour", "a number", "3", False, "warning"),
    )
    inspection = Inspection("2013-05", "f", "abc", 3, (), "staged/flight_delays/2013-05-f", checks, "")
    told = openlineage.validated(place, spec, Arrival("2013-05", "f", ()), inspection)
    assert [(one.namespace, one.name, one.version) for one in (*told.read, *told.made)] == [
        ("s3://lake", "landing/flights/2013-05", "abc"),
        ("s3://lake", "everfit/staged/flight_delays/2013-05-f", "abc"),
    ]
    (read,) = openlineage.facets(told, spec).inputs
    assert [(one.severity, one.success) for one in read.inputFacets["dataQualityAssertions"].assertions] == [
        ("error", False),
        ("warn", False),
    ]
    serving = openlineage.serving(place, spec, 3)
    assert [(one.namespace, one.name, one.version) for one in (*serving.read, *serving.made)] == [
        ("mlflow://mlflow:5000", "models/flight_delays", "3"),
        ("everfit://s:8000", "flight_delays", "3"),
    ]


def test_without_a_transport_nothing_of_openlineage_is_imported(tmp_path: Path) -> None:
    program = """
import sys
from everfit_airflow import build_dags
import airflow.providers.openlineage.plugins.openlineage as plugin
build_dags("flight_delays")
print(plugin.OpenLineageProviderPlugin.listeners, any(name.startswith("openlineage.client") for name in sys.modules))
"""
    env = os.environ | {"AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] False"
