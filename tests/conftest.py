"""What all tests share: a quiet environment, an order, and an Airflow database made once per session."""

import os
import shutil
from itertools import groupby
from pathlib import Path

import pytest

from tools.local.environment import QUIET
from tools.local.templates import airflow_template

PROJECT = Path(__file__).parents[1]
os.environ.update(QUIET | {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__UNIT_TEST_MODE": "False"})
# Threads of OpenBLAS spin while they wait for each other, even over tiny matrices: where the workers of a test run keep
# every core busy, a fit of two parameters takes nine times the CPU time that it takes in one thread.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
# Airflow reads its home when it is first imported, so a test process gets one before that: each worker one of its own.
OWNER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
if os.environ.get("EVERFIT_TEST_OWNER") != OWNER:
    import tempfile

    home = tempfile.mkdtemp(prefix="everfit-airflow-")
    os.environ |= {
        "AIRFLOW_HOME": home,
        "EVERFIT_TEST_HOME": home,
        "EVERFIT_TEST_OWNER": OWNER,
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=20",
    }
    os.environ["PYTHONPATH"] = f"{PROJECT / 'include'}:{PROJECT / 'plugins'}:{PROJECT}"


def pytest_unconfigure(config):
    """Leave nothing behind."""
    shutil.rmtree(os.environ["EVERFIT_TEST_HOME"], ignore_errors=True)


@pytest.hookimpl(trylast=True)  # once what is not to run is away
def pytest_collection_modifyitems(items):
    """Have files that mostly wait, for an Airflow of their own, lie far apart, each whole and none in the last third.

    The workers of a test run take files in this order: beside each other these would first leave all cores idle and
    then, with what is left, let too many compute at once. The others stay as they were.
    """
    waiting, others = [], []
    for _, tests in groupby(items, key=lambda item: item.path):
        whole = list(tests)
        (waiting if any(test.get_closest_marker("e2e") for test in whole) else others).append(whole)
    step = 1 + 2 * len(others) // (3 * len(waiting) or 1)
    for at, whole in enumerate(waiting):
        others.insert(at * step, whole)
    items[:] = [test for whole in others for test in whole]


@pytest.fixture(scope="session")
def airflow_db():
    """A migrated Airflow database for `DAG.test()` and everything else that asks Airflow."""
    return Path(shutil.copyfile(airflow_template(), Path(os.environ["AIRFLOW_HOME"]) / "airflow.db"))
