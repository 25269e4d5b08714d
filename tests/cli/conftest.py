from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from everfit.cli import main

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project: nothing in include/models, everything else below it too."""
    models = tmp_path / "include" / "models"
    models.mkdir(parents=True)
    (tmp_path / "landing").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVERFIT_MODELS", str(models))
    monkeypatch.setenv("EVERFIT_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("EVERFIT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("EVERFIT_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("EVERFIT_MLFLOW", "http://127.0.0.1:9")
    monkeypatch.setenv("EVERFIT_SERVER", "http://127.0.0.1:9")
    return tmp_path


@pytest.fixture
def everfit(project: Path) -> Command:
    """Runs a command in the project; returns its exit code and what it printed."""

    def command(*words: str) -> tuple[int, str]:
        out = io.StringIO()
        code = main(words, Console(file=out, width=140, highlight=False))
        return code, out.getvalue()

    return command
