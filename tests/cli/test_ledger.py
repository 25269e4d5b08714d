"""`everfit ledger`: decisions as sentences, and the proof that none was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from everfit.ledger import Ledger
from everfit.ledger.entries import BatchDuplicate, BatchQuarantined
from everfit.stores import LocalStore

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def ledger(project: Path, everfit: Command) -> Ledger:
    """The ledger of the model `toy`, with three decisions in it."""
    everfit("new", "toy")
    ledger = Ledger("toy", LocalStore(project / "store"), lambda: datetime(2026, 3, 1, 7, 30, tzinfo=UTC))
    refused = BatchQuarantined("2024-01", "f1", "00" * 32, ("examples: rows, found none",), "reports/x.html", "q/x")
    ledger.append("arrival:2024-01:f1", refused)
    for i in (2, 3):
        ledger.append(f"arrival:2024-01:f{i}", BatchDuplicate("2024-01", f"f{i}", "00" * 32, 1))
    return ledger


def test_decisions_are_shown_in_words(ledger: Ledger, everfit: Command) -> None:
    code, said = everfit("ledger", "show", "toy")
    assert code == 0
    assert "1  2026-03-01 07:30:00  batch 2024-01 refused and kept in quarantine: examples: rows, found none" in said
    assert "Now: no version yet" in said


def test_only_the_newest_are_shown_if_asked(ledger: Ledger, everfit: Command) -> None:
    _, said = everfit("ledger", "show", "toy", "--last", "1")
    assert "arrived again with the same bytes as in entry 1" in said
    assert "refused" not in said


def test_programs_get_json(ledger: Ledger, everfit: Command, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = everfit("ledger", "show", "toy", "--json")
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert [entry["seq"] for entry in entries] == [1, 2, 3]
    assert [entry["sha256"] for entry in entries] == [entry.sha256 for entry in ledger.entries()]
    assert entries[0]["body"]["reasons"] == ["examples: rows, found none"]


def test_an_intact_ledger_is_proved(ledger: Ledger, everfit: Command) -> None:
    code, said = everfit("ledger", "verify", "toy")
    assert (code, said) == (0, "intact: 3 entries of toy, each where it was and as it was written\n")


def test_a_changed_entry_is_found(ledger: Ledger, everfit: Command, project: Path) -> None:
    file = project / "store" / "ledger" / "toy" / "00000002.json"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b"f2", b"f9"))
    code, said = everfit("ledger", "verify", "toy")
    assert code == 1
    assert "00000002.json" in said
