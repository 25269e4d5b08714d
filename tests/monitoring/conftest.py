from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.services import ROOT, Service, folder_server, free_port, running
from tests.toy_model import ROWS, toy_folder

MONITORING = ROOT / "include" / "monitoring"
DASHBOARD = MONITORING / "grafana" / "dashboards" / "everfit.json"
CALLER, SCRAPE = "caller" * 5, "scrape" * 5
CLIENT = httpx.Client(trust_env=False, timeout=30)


def promtool(*words: str) -> str:
    """What promtool says of it; it has to be content."""
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Watched:
    """A model server with some traffic, and a Prometheus that scrapes it by the files of include/monitoring."""

    server: Service
    prometheus: Service

    def query(self, expr: str) -> list[Any]:
        answer = CLIENT.post(f"{self.prometheus.url}/api/v1/query", data={"query": expr}).json()
        assert answer["status"] == "success", f"{expr}: {answer}"
        found: list[Any] = answer["data"]["result"]
        return found

    def ask(self, **more: Any) -> int:
        body = {"model": "toy", "rows": list(ROWS)} | more
        headers = {"Authorization": f"Bearer {CALLER}"}
        return CLIENT.post(f"{self.server.url}/predict", json=body, headers=headers).status_code

    def until(self, true: Callable[[], object], what: str) -> None:
        end = time.monotonic() + 60
        while not true():
            assert time.monotonic() < end, f"not within a minute: {what}"
            time.sleep(0.2)


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    tmp = tmp_path_factory.mktemp("watched")
    env = {"EVERFIT_TOKENS": f"predict:{CALLER} read:{SCRAPE}", "EVERFIT_STORE": str(tmp / "store")}
    serving = folder_server(toy_folder(tmp / "toy"), tmp, "--keep-predictions", "1", **env)
    with serving as server, prometheus(tmp, server.url.removeprefix("http://")) as scraping:
        watched = Watched(server, scraping)
        watched.until(lambda: watched.query("everfit_version_info"), "a first scrape")
        for _ in range(4):  # a counter's rate needs two scrapes that see it
            assert watched.ask() == 200
            assert watched.ask(rows=[{}]) == 422
            assert watched.ask(model="nobody") == 404
            assert CLIENT.get(f"{server.url}/metrics").status_code == 401
            time.sleep(0.6)
        yield watched


@contextmanager
def prometheus(tmp: Path, target: str) -> Iterator[Service]:
    """By the project's own files, with this machine's address and folders, and far more often."""
    port, token = free_port(), tmp / "scrape_token"
    token.write_text(SCRAPE)
    said = (MONITORING / "prometheus.yml").read_text()
    for theirs, ours in {
        "model-server:8000": target,
        "/tmp/scrape_token": str(token),
        "alerts.yml": str(MONITORING / "alerts.yml"),
        "15s": "300ms",
    }.items():
        assert theirs in said
        said = said.replace(theirs, ours)
    (tmp / "prometheus.yml").write_text(said)
    promtool("check", "config", str(tmp / "prometheus.yml"))
    command = ["prometheus", f"--config.file={tmp / 'prometheus.yml'}", f"--storage.tsdb.path={tmp / 'tsdb'}"]
    listening = [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    env = {"PATH": os.environ["PATH"], "GOMAXPROCS": "1"}
    url = f"http://127.0.0.1:{port}"
    with running(Service([*command, *listening], url, "/-/ready", tmp / "prometheus.log", env)) as one:
        yield one


def panels() -> list[dict[str, Any]]:
    """The dashboard's panels that show something."""
    found = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def expressions() -> list[tuple[str, str]]:
    """Title and expression of each query of the dashboard, with values in place of its variables."""
    said = {"$__rate_interval": "10s", "$model": ".+"}
    found = []
    for panel in panels():
        for target in panel["targets"]:
            expr = target["expr"]
            for name, value in said.items():
                expr = expr.replace(name, value)
            found.append((f"{panel['title']} {target['refId']}", expr))
    return found
