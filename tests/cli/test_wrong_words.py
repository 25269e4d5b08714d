"""What a person is told who says something wrong: in a project that has no batch and no model version yet."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Command = Callable[..., tuple[int, str]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("recall", "toy/2024-01", "--reason", "why"), "there is no accepted batch 'toy/2024-01' (known: none)"),
        (("recall", "2024-01", "--reason", "why"), "found '2024-01' alone, wanted FOLDER/PARTITION, or --model beside"),
        (("reproduce", "toy", "1"), "there is no model with a ledger in the store 'toy' (known: none)"),
    ],
)
def test_what_is_not_there_is_named(everfit: Command, words: tuple[str, ...], said: str) -> None:
    everfit("new", "toy")
    code, printed = everfit(*words)
    assert (code, said in printed) == (1, True), printed


@pytest.mark.parametrize("command", [("recall", "toy/2024-01"), ("rollback", "toy"), ("erase", "toy", "--key", "k")])
def test_a_blank_reason_is_none(everfit: Command, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        everfit(*command, "--reason", " ")
    assert "--reason: found ' ', wanted a few words that say why" in capsys.readouterr().err
