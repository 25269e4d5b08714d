from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from airflow.sdk import DAG

Connect = Callable[..., None]
OwnDag = Callable[[str, str], "DAG"]


@pytest.fixture
def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Says where a team's connections lead, each to an address or a folder: store and landing below `tmp_path`, and a
    server where nobody is, unless something else is said."""

    def point(team: str = "everfit", **to: str | Path) -> None:
        for name in ("store", "landing"):
            to.setdefault(name, tmp_path / name)
        for name in ("mlflow", "server"):
            to.setdefault(name, "http://127.0.0.1:9")
        for name, place in to.items():
            url = urlsplit(str(place))
            address = {"conn_type": "http", "host": url.hostname, "port": url.port}
            said = address if url.scheme else {"conn_type": "fs", "extra": {"path": str(place)}}
            monkeypatch.setenv(f"AIRFLOW_CONN_{team}_{name}".upper(), json.dumps(said))
        monkeypatch.setenv("EVERFIT_WORK", str(tmp_path / "airflow-work"))

    return point


@pytest.fixture
def own_dag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnDag:
    """From a DAG file's text to the DAG that Airflow finds in it, in a folder of the test's own."""

    def find(text: str, dag_id: str) -> DAG:
        from airflow.dag_processing.dagbag import DagBag

        dags = tmp_path / "dags"
        dags.mkdir(exist_ok=True)
        bundle = {"classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {"path": str(dags)}}
        monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([{"name": "own", **bundle}]))
        (dags / "own.py").write_text(textwrap.dedent(text))
        bag = DagBag(str(dags), bundle_path=dags, bundle_name="own")
        assert bag.import_errors == {}
        return bag.dags[dag_id]

    return find
