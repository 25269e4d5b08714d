from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.story import run, settle

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project: nothing in include/models, everything else below it too."""
    settle(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def everfit(project: Path) -> Command:
    """Runs a command in the project; returns its exit code and what it printed."""

    def command(*words: str) -> tuple[int, str]:
        return run(words, width=140)

    return command
