from __future__ import annotations

from pathlib import Path

import pytest

from everfit.cli import main
from tests.replay.year import Year, toy


@pytest.fixture
def year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Year:
    """A project with a scaffolded model that learns quickly from two batches on, and nothing landed yet."""
    (tmp_path / "include/models").mkdir(parents=True)
    (tmp_path / "landing").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVERFIT_MODELS", str(tmp_path / "include/models"))
    assert main(["new", "toy"]) == 0
    return Year(tmp_path, toy())
