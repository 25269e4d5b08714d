"""`everfit card` and `everfit score`, on a model that was trained in a new project."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.console import Console

from everfit.cli import main
from everfit.rubric import SECTIONS
from tests.cli.landed import land
from tests.services import shared_mlflow

Command = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def everfit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """A project whose model `toy` was judged once; runs a command in it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "include" / "models").mkdir(parents=True)
    with ExitStack() as open_now:
        environ = open_now.enter_context(pytest.MonkeyPatch.context())
        environ.chdir(folder)
        places = {name.upper(): str(folder / name) for name in ("work", "store", "landing")}
        places |= {"MODELS": str(folder / "include/models"), "MLFLOW": shared_mlflow("lineage").url}
        for name, value in {**places, "SERVER": "http://127.0.0.1:9"}.items():
            environ.setenv(f"EVERFIT_{name}", value)

        def command(*words: str) -> tuple[int, str]:
            out = io.StringIO()
            return main(words, Console(file=out, width=120, highlight=False)), out.getvalue()

        command("new", "toy")
        command("new", "idle")
        for month in ("2024-01", "2024-02"):
            land(folder / "landing" / "toy", month)
        command("run", "toy")
        environ.setenv("EVERFIT_MLFLOW", "http://127.0.0.1:9")
        yield command


def test_a_card_is_written_with_mlflow_away(everfit: Command, tmp_path: Path) -> None:
    path = tmp_path / "new" / "card.html"
    code, said = everfit("card", "toy", "--into", str(path))
    assert (code, str(path) in said) == (0, True)
    assert "The candidate is <em>" in path.read_text()
    code, said = everfit("card", "toy")
    (made,) = Path().glob("toy-*.html")
    assert (code, made.name in said, made.read_text()) == (0, True, path.read_text())


def test_the_score_is_told_test_by_test(everfit: Command) -> None:
    code, said = everfit("score", "toy")
    assert code == 0
    assert said.startswith("toy  ML Test Score ")
    for words in [name for tests in SECTIONS.values() for name in tests]:
        assert words in said
    assert "expectations on 1 table ran on each of 2 batches" in said
    assert "the least counts" in said


def test_programs_get_json(everfit: Command, capsys: pytest.CaptureFixture[str]) -> None:
    everfit("score", "toy", "--json")
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["sections"]] == list(SECTIONS)
    assert found["points"] == min(sum(p["points"] for p in one["proofs"]) for one in found["sections"])


@pytest.mark.parametrize("command", ["card", "score"])
def test_what_is_not_there_is_said(everfit: Command, command: str) -> None:
    code, said = everfit(command, "toy", "cli-1")
    assert (code, "there is no judged run of toy 'cli-1'" in said) == (1, True)
    code, said = everfit(command, "idle")
    assert (code, "no candidate of idle was judged yet: everfit run idle" in said) == (1, True)
