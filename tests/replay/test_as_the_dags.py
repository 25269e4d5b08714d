"""The same deliveries through the real DAGs, run by `DAG.test()`, and through a rehearsal: the same is decided."""

from __future__ import annotations

import shutil
from typing import Any
from uuid import uuid4

import pytest

from everfit.cli import main
from everfit.ledger import Ledger, View
from everfit.ledger.entries import BatchAccepted, BatchQuarantined, CandidateJudged, Promoted, RunTriggered
from everfit.stores import LocalStore
from everfit_airflow.operators import resolve_snapshot
from tests.dags.conftest import connect, own_dag  # noqa: F401 - fixtures
from tests.replay.year import Year, toy
from tests.services import shared_mlflow, shared_model_server

pytestmark = pytest.mark.airflow

DAGS = """
from everfit_airflow import build_dags  # airflow finds the dags here
from tests.replay.year import toy

globals().update(build_dags(toy("{name}")))
"""


def decided(view: View) -> list[tuple[Any, ...]]:
    """What was decided, without the names of runs and attempts, which say who asked."""
    found: list[tuple[Any, ...]] = []
    for entry in view.entries:
        match entry.body:
            case BatchAccepted(batch=batch):
                found.append(("accepted", batch.label, batch.sha256, batch.rows))
            case BatchQuarantined(partition=partition, sha256=sha256, reasons=reasons):
                found.append(("refused", partition, sha256, reasons))
            case RunTriggered(snapshot=snapshot, why=why, because=because, consumed=consumed, base=base):
                found.append(("run", snapshot, why, because, len(consumed), base))
            case CandidateJudged(promote=promote, champion=champion, files=files, verdicts=verdicts):
                told = [(one.gate, one.outcome, one.effect, one.low, one.high, one.n) for one in verdicts]
                found.append(("judged", promote, champion, files, told))
            case Promoted(version=version, previous=previous):
                found.append(("promoted", version, previous))
    return found


@pytest.mark.usefixtures("airflow_db")
def test_the_same_is_decided_as_in_the_real_dags(year, connect, own_dag, monkeypatch):  # noqa: F811
    """Two months make a champion; a broken one is refused; the next one brings a candidate, for better or worse.

    `DAG.test()` makes runs as a person does: they are taken for those that the data's asset starts.
    """
    name = f"toy_{uuid4().hex[:8]}"
    assert main(["new", name]) == 0
    shutil.rmtree(year.root / "dags")
    year = Year(year.root, toy(name))
    monkeypatch.setitem(resolve_snapshot.WHY, "manual", "new data")
    connect(store=year.root / "airflow-store", mlflow=shared_mlflow().url, server=shared_model_server().url)
    ingest, train, deploy = (own_dag(DAGS.format(name=name), f"{name}_{dag}") for dag in ("ingest", "train", "deploy"))
    year.land("2024-01")
    assert ingest.test().state == "success"  # alone: of several at once, any may be accepted first
    year.land("2024-02")
    for dag in (ingest, train, deploy):
        assert dag.test().state == "success"
    year.break_("2024-03")
    assert ingest.test().state == "success"
    year.land("2024-04")
    for dag in (ingest, train, deploy):
        assert dag.test().state == "success"
    really = Ledger(name, LocalStore(year.root / "airflow-store"), year.ports.clock).view()

    rehearsal = year.rehearsal()
    end = max(one.at for one in rehearsal.landed)
    played = rehearsal.world("default", year.spec, year.said.append, end).view
    assert decided(played) == decided(really)
    assert [one[0] for one in decided(played)].count("judged") == 2
    assert [one[0] for one in decided(played)].count("refused") == 1


def test_a_rehearsal_reads_nothing_but_the_landing_place(year: Year):
    for month in ("2024-01", "2024-02", "2024-03"):
        year.land(month)
    found = year.play("default")["default"]
    assert len(found.retrains) == 1
    assert not (year.root / "store").exists()
