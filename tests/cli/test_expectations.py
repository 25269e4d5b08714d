"""`everfit expectations`: a proposal is shown, and only --write writes it; accept records what is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.landed import land

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def toy(project: Path, everfit: Command) -> Path:
    """A model with three landed months, and nothing accepted."""
    everfit("new", "toy")
    for partition in ("2024-01", "2024-02", "2024-03"):
        land(project / "landing" / "toy", partition, per_day=4)
    return project / "include" / "models" / "toy"


def landed(project: Path) -> list[str]:
    return [str(folder) for folder in sorted((project / "landing" / "toy").iterdir())]


def suite(toy: Path) -> Path:
    return toy / "expectations" / "examples.json"


def test_a_proposal_is_shown_and_not_written(project: Path, toy: Path, everfit: Command) -> None:
    before = suite(toy).read_text()
    code, said = everfit("expectations", "infer", "toy", "--from", *landed(project))
    assert code == 0
    assert "examples  " in said
    assert "364 rows of 3 batches" in said
    assert '+    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "kind", "value_set"' in said
    assert "Nothing is written" in said
    assert suite(toy).read_text() == before
    assert not (project / "store" / "ledger").exists()


def test_written_it_is_the_baseline(project: Path, toy: Path, everfit: Command) -> None:
    words = ("expectations", "infer", "toy", "--from", *landed(project), "--write", "--note", "a start", "--by", "ada")
    code, said = everfit(*words)
    assert code == 0
    assert "wrote" in said
    assert "baseline from here on, by ada, learnt from 2024-01, 2024-02, 2024-03: a start" in said
    assert "a start" in everfit("ledger", "show", "toy")[1]
    assert everfit("check", "toy")[0] == 0

    code, said = everfit(*words)
    assert code == 0
    assert "nothing to change" in said
    assert "wrote" not in said
    assert "entry 1:" in said, "the decision of before"


def test_accepted_batches_teach_once_they_are_there(project: Path, toy: Path, everfit: Command) -> None:
    code, said = everfit("expectations", "infer", "toy")
    assert code == 1
    assert "no batch of toy is accepted yet" in said
    assert everfit("run", "toy", "--until", "commit")[0] == 0
    code, said = everfit("expectations", "infer", "toy", "--batches", "2")
    assert code == 0
    assert "240 rows of 2 batches" in said


def test_what_was_edited_by_hand_is_accepted_with_a_note(toy: Path, everfit: Command) -> None:
    code, said = everfit("expectations", "accept", "toy")
    assert code == 1
    assert "found no --note" in said
    code, said = everfit("expectations", "accept", "toy", "--note", "agreed with the shop", "--by", "ada")
    assert code == 0
    assert "entry 1: expectations on examples are the baseline from here on, by ada: agreed with the shop" in said


def test_wrong_files_are_not_accepted(toy: Path, everfit: Command) -> None:
    data = json.loads(suite(toy).read_text())
    data["expectations"][0]["type"] = "expect_nothing"
    suite(toy).write_text(json.dumps(data))
    code, said = everfit("expectations", "accept", "toy", "--note", "x")
    assert code == 1
    assert "GX has no such expectation" in said
    assert "nothing was recorded" in said


def test_a_folder_that_is_not_there_is_told(toy: Path, everfit: Command) -> None:
    code, said = everfit("expectations", "infer", "toy", "--from", "nowhere")
    assert code == 1
    assert "found no folder nowhere" in said


def test_a_custom_expectation_is_checked_with_the_model(toy: Path, everfit: Command) -> None:
    (toy / "expectations" / "custom.py").write_text("import pandsa\n")
    code, said = everfit("check", "toy")
    assert code == 1
    assert "custom.py:1: the file does not load: ModuleNotFoundError" in said
