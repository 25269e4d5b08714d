from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import everfit.gates
import everfit.models
import everfit.validation.rules
from everfit import catalog
from everfit.cli import main

PROJECT = Path(__file__).parents[2]
Write = Callable[[str, str], Path]


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes files as a page tells, into a copy of the project's models; gates and algorithms are found there too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVERFIT_MODELS", str(tmp_path / "include/models"))
    shutil.copytree(PROJECT / "include/models", tmp_path / "include/models")
    before = set(sys.modules)
    shelves = ((everfit.gates, "gates"), (everfit.models, "models"), (everfit.validation.rules, "validation/rules"))
    for package, folder in shelves:
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / "include/everfit" / folder)])

    def write(file: str, text: str) -> Path:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        _forget()
        return path

    yield write
    _forget()
    for name in set(sys.modules) - before:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


@pytest.fixture
def scaffolded(aside: Write, tmp_path: Path) -> Path:
    """The folder of a model as `everfit new` makes it."""
    assert main(["new", "shop_returns"]) == 0
    return tmp_path / "include/models/shop_returns"


def _forget() -> None:
    catalog.find.cache_clear()
    catalog._all.cache_clear()
