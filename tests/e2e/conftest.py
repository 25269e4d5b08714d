"""A running stack for the end-to-end tests of a file: Airflow, MLflow, model server, and a tenth of the flights."""

import os
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from everfit.ledger import Ledger
from everfit.stores import open_store
from tests.e2e.waiting import until
from tools.land_flights import land
from tools.local import processes
from tools.local.airflow_api import Airflow
from tools.local.stack import Stack, down, up

SHARE = 0.1
ENDED = {"success", "failed"}


@dataclass
class Running:
    """The stack, with what tests ask of it."""

    stack: Stack
    airflow: Airflow

    def land(self, *months: str, share: float = SHARE) -> None:
        land(self.stack.paths.landing, months, share)

    def view(self, model: str):
        store = open_store(str(self.stack.paths.store))
        return Ledger(model, store, lambda: datetime.now(UTC)).view()

    def until(self, true, what: str, timeout: float = 150):
        """Poll until `true()` is something, and return it."""
        return until(self.airflow, true, what, timeout)

    def finished(self, dag: str, run: str, timeout: float = 150):
        return self.airflow.wait(self.airflow.run(dag, run), timeout)

    def idle(self) -> bool:
        """No train or deploy run is at work."""
        runs = self.airflow.runs("~", limit=100)
        return all(run.ended for run in runs if not run.dag.endswith("_ingest"))

    def predict(self, model: str, rows: list[dict], alias: str = "champion") -> httpx.Response:
        url = f"http://127.0.0.1:{self.stack.ports.server}/predict"
        return httpx.post(url, json={"model": model, "alias": alias, "rows": rows}, timeout=30, trust_env=False)

    def kill(self, name: str) -> None:
        """End one service of ours, as a crash would."""
        (one,) = [p for p in processes.load(self.stack.paths.state / "processes.json") if p.name == name]
        os.killpg(one.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    state = Path(tmp_path_factory.mktemp("stack"))
    stack = up(str(state))
    try:
        with stack.airflow() as airflow:
            airflow.wait_for_dags(
                *(f"{m}_{d}" for m in ("flight_delays", "flight_minutes") for d in ("ingest", "train", "deploy"))
            )
            yield Running(stack, airflow)
    finally:
        keep = os.environ.get("EVERFIT_ARTEFACTS")
        if keep:
            import shutil

            shutil.copytree(stack.paths.logs, Path(keep) / "logs", dirs_exist_ok=True)
        down(str(state))
