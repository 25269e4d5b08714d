"""Airflow parses DAG files and plugins over and over: none of it may load a heavy library."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
HEAVY = {
    "apprise", "boto3", "botocore", "dvc", "great_expectations", "matplotlib", "mlflow", "numpy", "pandas", "pyarrow",
    "scipy", "sklearn", "uvicorn", "xgboost",
}  # fmt: skip

PROBE = """
import importlib.util, sys
import airflow.sdk
before = set(sys.modules)
for number, path in enumerate(sys.argv[1:]):
    spec = importlib.util.spec_from_file_location(f"parsed_{number}", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
print(*sorted({name.split(".")[0] for name in set(sys.modules)}))
"""


def parsed(*files: Path) -> set[str]:
    """Top-level packages in memory after a fresh interpreter has executed the files."""
    env = os.environ | {
        "PYTHONPATH": f"{PROJECT / 'include'}:{PROJECT / 'plugins'}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *map(str, files)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return set(done.stdout.splitlines()[-1].split())


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory, monkeypatch_module):
    monkeypatch_module.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.mark.usefixtures("airflow_home")
def test_dag_files_and_plugin_load_nothing_heavy():
    files = [*sorted((PROJECT / "dags").glob("*.py")), PROJECT / "plugins/everfit_plugin.py"]
    assert len(files) >= 3
    assert parsed(*files) & HEAVY == set()


@pytest.mark.usefixtures("airflow_home")
@pytest.mark.parametrize("wake", ["{'by': 'watch'}", "{'by': 'queue', 'queue': 'http://127.0.0.1:1/1/q'}"])
def test_a_dag_that_is_woken_by_events_loads_nothing_heavy_either(tmp_path, wake):
    file = tmp_path / "woken.py"
    file.write_text(
        "from everfit.spec import ModelSpec\nfrom everfit_airflow import build_dags\n"
        f"data = dict(landing='x', tables=dict(t=dict(file='t.csv')), counts_when=dict(within=60.0), wake={wake})\n"
        "spec = ModelSpec(name='woken', task='binary', label='y', time='at', data=data)\n"
        "assert build_dags(spec)['woken_ingest'].timetable.asset_condition\n"
    )
    assert parsed(file) & HEAVY == set()


@pytest.mark.usefixtures("airflow_home")
def test_the_probe_can_fail(tmp_path):
    heavy = tmp_path / "heavy.py"
    heavy.write_text("import pandas\n")
    assert "pandas" in parsed(heavy)


SERVER = {"__main__.py", "app.py", "patience.py", "telling.py"}
"""Modules of the model server that only the server itself imports: they stand on FastAPI and uvicorn."""


def test_every_module_of_the_library_imports_alone_and_cheaply():
    modules = [
        ".".join(path.relative_to(PROJECT / "include").with_suffix("").parts)
        for path in sorted((PROJECT / "include/everfit").rglob("*.py"))
        if path.name not in SERVER and "testing" not in path.parts
    ]
    probe = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n    importlib.import_module(name.removesuffix('.__init__'))\n"
        "print(*sorted({n.split('.')[0] for n in sys.modules}))"
    )
    env = os.environ | {"PYTHONPATH": str(PROJECT / "include")}
    done = subprocess.run(
        [sys.executable, "-c", probe, *modules], env=env, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert set(done.stdout.split()) & (HEAVY | {"airflow", "fastapi"}) == set()
