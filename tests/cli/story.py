"""A project at a terminal: where everything lies, and what each command said and left in the ledger."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from everfit.cli import main
from everfit.ledger import View

NOWHERE = "http://127.0.0.1:9"


@dataclass
class Story:
    """What one project went through: each command's exit code and words, and the ledger's view after it.

    `answers` is what its model server said when it was asked.
    """

    folder: Path
    patch: pytest.MonkeyPatch
    width: int
    chapters: dict[str, tuple[int, str, View]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)

    def tell(self, chapter: str, *words: str) -> None:
        """Run a command and remember it."""
        from everfit.cli.opened import opened

        code, said = run(words, self.width)
        self.chapters[chapter] = (code, said, opened().ledger("toy").view())


@contextmanager
def story_of(folder: Path, mlflow: str, server: str = NOWHERE, width: int = 160) -> Iterator[Story]:
    """A new project in `folder`, for as long as its story is told."""
    with pytest.MonkeyPatch.context() as patch:
        settle(folder, patch, mlflow, server)
        yield Story(folder, patch, width)


def settle(folder: Path, patch: pytest.MonkeyPatch, mlflow: str = NOWHERE, server: str = NOWHERE) -> None:
    """Make `folder` an empty project, and this process one that works in it."""
    models, landing = folder / "include" / "models", folder / "landing"
    models.mkdir(parents=True)
    landing.mkdir()
    patch.chdir(folder)
    places = {"MODELS": models, "WORK": folder / "work", "STORE": folder / "store", "LANDING": landing}
    for name, value in {**places, "MLFLOW": mlflow, "SERVER": server}.items():
        patch.setenv(f"EVERFIT_{name}", str(value))


def run(words: tuple[str, ...], width: int) -> tuple[int, str]:
    """A command's exit code, and what it printed on a terminal of this width."""
    out = io.StringIO()
    code = main(words, Console(file=out, width=width, highlight=False))
    return code, out.getvalue()
