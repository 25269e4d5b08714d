"""`everfit new` makes a model that works at once, and never touches what is there."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from everfit.cli.new import TASKS
from everfit.features.code import load_code
from everfit.spec import load_spec
from everfit.validation.suites import load_suite

Command = Callable[..., tuple[int, str]]


@pytest.mark.parametrize("task", list(TASKS))
def test_a_new_model_is_right_at_once(project: Path, everfit: Command, task: str) -> None:
    code, said = everfit("new", "toy", "--task", task)
    assert code == 0
    assert "everfit check toy" in said
    spec = load_spec("toy", project / "include" / "models")
    assert (spec.name, spec.task, spec.label) == ("toy", task, "outcome")
    assert load_code(spec.code_path).inputs == ("amount", "kind")
    assert load_suite(spec.suite_path("examples")).expectations
    code, said = everfit("check", "toy")
    assert (code, "right" in said) == (0, True)


def test_the_dag_file_is_three_lines_that_airflow_looks_into(project: Path, everfit: Command) -> None:
    everfit("new", "toy")
    text = (project / "dags" / "toy.py").read_text()
    assert "airflow" in text.lower()
    assert "dag" in text.lower()
    assert [ast.unparse(line) for line in ast.parse(text).body[1:]] == [
        "from everfit_airflow import build_dags",
        "globals().update(build_dags('toy'))",
    ]


@pytest.mark.parametrize("file", ["include/models/toy/features.py", "dags/toy.py"])
def test_nothing_that_is_there_is_overwritten(project: Path, everfit: Command, file: str) -> None:
    (project / file).parent.mkdir(parents=True)
    (project / file).write_text("mine")
    code, said = everfit("new", "toy")
    assert code == 1
    assert f"{file} is there already, and nothing is overwritten" in said
    assert [path.name for path in project.rglob("*") if path.is_file()] == [Path(file).name]
    assert (project / file).read_text() == "mine"


@pytest.mark.parametrize("name", ["Toy", "../toy", "toy-1", "1toy", "a" * 64])
def test_a_name_that_cannot_be_one_is_refused(project: Path, everfit: Command, name: str) -> None:
    code, said = everfit("new", name)
    assert code == 1
    assert "wanted small letters, digits and _, beginning with a letter" in said
    assert not [path for path in project.rglob("*") if path.is_file()]
