"""The wheel: what `pip install` of everfit brings into somebody else's Airflow."""

import subprocess
import sys
import zipfile
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_the_wheel_holds_library_plugin_and_entry_point(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = tmp_path.glob("everfit-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next(archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    shipped = [
        *(PROJECT / "include/everfit").rglob("*.*"),
        *(PROJECT / "plugins/everfit_airflow").rglob("*.*"),
    ]
    wanted = {
        str(path.relative_to(PROJECT / path.relative_to(PROJECT).parts[0]))
        for path in shipped
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted | {"everfit_plugin.py"} <= names
    assert "everfit = everfit_plugin:EverfitPlugin" in entry_points
    assert "everfit = everfit.cli:main" in entry_points


def test_the_installed_plugin_loads_from_the_wheel_alone(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=PROJECT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("everfit-*.whl")
    code = "from everfit_plugin import EverfitPlugin as p; import everfit; print(p.name, everfit.__file__)"
    env = {"PYTHONPATH": str(wheel), "AIRFLOW_HOME": str(tmp_path / "airflow"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("everfit ")
    assert ".whl" in done.stdout
