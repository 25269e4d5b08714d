"""Migrated databases, made once per set of requirements and copied for each new instance.

Migrating Airflow's takes about six seconds and MLflow's eight; a copy takes none.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.local.environment import QUIET, process_environment
from tools.local.errors import StackError
from tools.local.files import locked
from tools.local.paths import PROJECT, STATE, Paths

MLFLOW = """
import sys
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking
Tracking(sys.argv[1], "mlflow-artifacts:/")
Registry(sys.argv[1])
"""


def key() -> str:
    """What the schemas depend on: the pinned requirements and the Python that runs them."""
    pins = (PROJECT / "requirements.txt").read_bytes()
    return hashlib.sha256(pins + sys.version.encode()).hexdigest()[:12]


def fill(paths: Paths, cache: Path = STATE / "cache") -> None:
    """Give an instance its databases where it has none yet; the templates are made in parallel at the first call."""
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(_copy, airflow_template, cache, paths.database),
            pool.submit(_copy, mlflow_template, cache, paths.mlflow_database),
        ]
        for job in jobs:
            job.result()


def airflow_template(cache: Path = STATE / "cache") -> Path:
    """A migrated, empty Airflow database; tests copy it too."""

    def migrate(database: Path) -> None:
        home = database.parent / "home"
        settings = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{database}",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        }
        _run([sys.executable, "-m", "airflow", "db", "migrate"], settings)

    return _make(cache / f"airflow-{key()}.db", migrate)


def mlflow_template(cache: Path = STATE / "cache") -> Path:
    """A migrated MLflow database with nothing but the default experiment; tests copy it too."""

    def migrate(database: Path) -> None:
        _run([sys.executable, "-c", MLFLOW, f"sqlite:///{database}"], QUIET)

    return _make(cache / f"mlflow-{key()}.db", migrate)


def _copy(template: Callable[[Path], Path], cache: Path, database: Path) -> None:
    if not database.exists():
        source = template(cache)
        part = database.with_suffix(".part")
        shutil.copyfile(source, part)
        part.replace(database)


def _make(template: Path, migrate: Callable[[Path], None]) -> Path:
    if template.exists():
        return template
    with locked(template.with_suffix(".lock")):
        if not template.exists():
            with tempfile.TemporaryDirectory(dir=template.parent) as folder:
                migrate(Path(folder) / "new.db")
                (Path(folder) / "new.db").replace(template)
    return template


def _run(command: list[str], settings: Mapping[str, str]) -> None:
    environment = process_environment(settings, os.environ, "template")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise StackError(f"could not migrate a database: {' '.join(command[:5])} ended with {done.returncode}\n{tail}")
