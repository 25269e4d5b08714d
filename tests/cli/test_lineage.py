"""`everfit lineage`, on a model that two batches made: the tree, the drawing, the JSON, and the way from a batch."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from everfit.cli import main
from everfit.ledger.entries import Promoted
from everfit.predictions import Prediction, pack
from everfit.predictions.prediction import id_of
from tests.cli.landed import land
from tests.services import shared_mlflow

Command = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def everfit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """A project whose model `toy` has a version that was made champion; runs a command in it."""
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
            return main(words, Console(file=out, width=200, highlight=False)), out.getvalue()

        command("new", "toy")
        for month in ("2024-01", "2024-02"):
            land(folder / "landing" / "toy", month)
        command("run", "toy", "--note", "the first one")
        _crown()
        yield command


def _crown() -> None:
    from everfit.cli.opened import opened

    ledger = opened().ledger("toy")
    ledger.append("promoted:1", Promoted(1, None, len(ledger.entries()) - 1, 1, 0.0))


def test_a_version_is_told_as_a_tree(everfit: Command) -> None:
    code, said = everfit("lineage", "toy")
    assert code == 0
    lines = said.splitlines()
    assert lines[0] == "toy version 1  champion"
    assert "2 batches, 1,200 rows  snapshot " in said
    (january,) = [line for line in lines if "2024-01" in line]
    assert january.split()[:6] == ["│", "learnt", "from", "2024-01", "620", "rows"]
    assert "judged on    2024-02" in said
    for word in (
        "the first one",
        "xgboost, seed ",
        "features.py sha256 ",
        "packages, sha256 ",
        "#/runs/",
        "✓  above_bar",
    ):
        assert word in said
    assert lines[-1].split()[-1] == "now"


def test_programs_get_json(everfit: Command, capsys: pytest.CaptureFixture[str]) -> None:
    everfit("lineage", "toy", "1", "--json")
    found = json.loads(capsys.readouterr().out)
    assert [one["partition"] for one in found["trace"]["sources"]] == ["2024-01", "2024-02"]
    assert found["trace"]["served"][0]["until"] is None
    assert len(found["made_with"]["environment"]) == 64


def test_a_batch_is_told_with_who_knows_it(everfit: Command, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = everfit("lineage", "toy", "--batch", "2024-02")
    assert code == 0
    assert said.splitlines()[0].startswith("2024-02  580 rows  sha256 ")
    assert said.splitlines()[1].split()[:6] == ["└──", "toy", "version", "1", "judged", "on"]
    everfit("lineage", "toy", "--batch", "2024-02", "--json")
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["uses"][0]["version"], found["uses"][0]["standing"]) == (1, "champion")


def test_a_prediction_leads_to_the_version_that_gave_it(everfit: Command, tmp_path: Path) -> None:
    from everfit.cli.opened import opened

    at = datetime(2026, 3, 1, 7, 30, tzinfo=UTC)
    given = Prediction(id_of(at, b"12345678"), at, "toy", 1, "champion", ({"amount": 1}, {"amount": 2}), (0.1, 0.2))
    opened().store.write(*pack([given]))
    code, said = everfit("lineage", "toy", "--prediction", given.id)
    lines = said.splitlines()
    assert (code, lines[0]) == (0, f"{given.id}: 2 rows answered at 2026-03-01 07:30:00 UTC as champion")
    assert lines[1] == "toy version 1  champion"
    assert "served  1 prediction of 2 rows, 2026-03-01 07:30:00 UTC to 2026-03-01 07:30:00 UTC" in said
    everfit("lineage", "toy", "--draw", str(tmp_path / "toy.svg"))
    assert "served 1 prediction" in (tmp_path / "toy.svg").read_text()
    code, said = everfit("lineage", "toy", "--prediction", "latest")
    assert (code, "the store has no prediction 'latest' of toy" in said) == (1, True)


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_a_drawing_needs_nothing_else(everfit: Command, tmp_path: Path, ending: str) -> None:
    path = tmp_path / "new" / f"toy.{ending}"
    code, said = everfit("lineage", "toy", "--draw", str(path))
    assert (code, str(path) in said.replace("\n", "")) == (0, True)
    text = path.read_text()
    for word in ("toy version 1", "2024-01", "judged on", "above_bar", "champion"):
        assert word in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in text
    svg = text[text.index("<svg") : text.index("</svg>") + 6]
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("7",), "there is no version of toy '7'"),
        (("chmpion",), "there is no version of toy 'chmpion'; did you mean 'champion'?"),
        (("--batch", "2024-03"), "there is no accepted batch of toy '2024-03'; did you mean '2024-0"),
        (("--draw", "toy.png"), "into a file that ends in .svg or .html; found toy.png"),
        (("--draw", "toy.svg", "--batch", "2024-01"), "--draw is for a version"),
    ],
)
def test_what_is_not_there_is_said(everfit: Command, words: tuple[str, ...], said: str) -> None:
    code, told = everfit("lineage", "toy", *words)
    assert (code, said in told) == (1, True), told
