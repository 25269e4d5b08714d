"""The lines of the how-to page that delete a model's files, on a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient

from everfit.registry import MlflowRegistry
from everfit.values import Candidate
from tests.registry.conftest import write_folder
from tests.services import mlflow_server

PAGE = Path(__file__).parents[2] / "docs/how-to/erase-personal-data.md"


def test_the_lines_of_the_page_leave_nothing(tmp_path: Path) -> None:
    with mlflow_server(tmp_path / "mlflow") as server:
        registry = MlflowRegistry(server.url, tmp_path / "work")
        with registry.run("toy", "a run", "run:1") as run:
            example = pd.DataFrame({"distance": [100.0], "carrier": ["UA"]})
            files = registry.log_model(run, write_folder(tmp_path / "model"), example)
        registry.register(Candidate("toy", "run:1", run.id, "5nap5h0t", files, "cpu", 0.1), {})
        kept = tmp_path / "mlflow" / "artifacts"
        assert [path for path in kept.rglob("*") if path.name == "input_example.json"]

        (lines,) = re.findall(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)
        mine = {"http://127.0.0.1:5000": server.url, "THE RUN": run.id, "flight_delays": "toy", '"3"': '"1"'}
        for theirs, ours in mine.items():
            assert theirs in lines
            lines = lines.replace(theirs, ours)
        exec(lines, {"MlflowClient": MlflowClient})
        addresses = (
            "--backend-store-uri",
            f"sqlite:///{tmp_path}/mlflow/mlflow.db",
            "--artifacts-destination",
            str(kept),
        )
        environ = {**os.environ, "MLFLOW_TRACKING_URI": server.url}
        subprocess.run([Path(sys.executable).with_name("mlflow"), "gc", *addresses], env=environ, check=True)
        assert [path for path in kept.rglob("*") if path.is_file()] == []
