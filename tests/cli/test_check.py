"""`everfit check` and `everfit schema`: what is wrong is told before Airflow sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from everfit.spec import json_schema

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def toys(project: Path, everfit: Command) -> Path:
    """Two right models, `car` and `toy`."""
    everfit("new", "toy")
    everfit("new", "car", "--task", "regression")
    return project / "include" / "models"


def test_all_models_are_checked_and_told(toys: Path, everfit: Command) -> None:
    code, said = everfit("check")
    assert code == 0
    lines = {line.split()[0]: line for line in said.splitlines() if "right" in line}
    assert list(lines) == ["car", "toy"]
    assert "regression" in lines["car"]
    assert "5 + 1 batches" in lines["toy"]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("model.yaml", "label: outcome", "lable: outcome", "toy/model.yaml:6: lable: there is no such key; did you"),
        ("features.py", "INPUTS", "INPUT", "toy/features.py: there is no INPUTS; did you mean 'INPUT'?"),
        ("features.py", "import pandas", "import pandsa", "toy/features.py:7: the file does not load"),
        ("expectations/examples.json", '"type"', '"typ"', "examples.json: expectation 1: wanted"),
        (
            "expectations/examples.json",
            "not_be_null",
            "not_be_nul",
            "did you mean 'expect_column_values_to_not_be_null'",
        ),
    ],
)
def test_a_mistake_is_told_and_the_other_model_is_right(
    toys: Path, everfit: Command, file: str, old: str, new: str, message: str
) -> None:
    path = toys / "toy" / file
    path.write_text(path.read_text().replace(old, new))
    code, said = everfit("check")
    assert code == 1
    assert message in said
    assert [line.split()[:2] for line in said.splitlines()[1:3]] == [["car", "right"], ["toy", "wrong"]]
    assert everfit("check", "car")[0] == 0


def test_an_unknown_model_is_told(toys: Path, everfit: Command) -> None:
    code, said = everfit("check", "toi")
    assert code == 1
    assert "'toi'; did you mean 'toy'?" in said


def test_no_model_at_all_is_told(project: Path, everfit: Command) -> None:
    code, said = everfit("check")
    assert code == 1
    assert "make one with `everfit new NAME`" in said


def test_the_schema_is_written_and_checked(project: Path, everfit: Command) -> None:
    path = project / "include" / "models" / "model.schema.json"
    assert everfit("schema", "--check")[0] == 1
    assert not path.exists()
    assert everfit("schema")[0] == 0
    assert json.loads(path.read_text()) == json_schema()
    assert everfit("schema", "--check")[0] == 0


@pytest.mark.parametrize("words", [(), ("dance",), ("run",), ("rollback", "toy"), ("run", "toy", "--until", "never")])
def test_a_wrong_command_line_ends_with_2(everfit: Command, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit, match="2"):
        everfit(*words)
