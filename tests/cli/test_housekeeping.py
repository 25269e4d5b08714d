"""`everfit housekeeping` and `everfit pointers`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from everfit.ledger import Ledger
from everfit.ledger.entries import BatchAccepted, BytesDeleted
from everfit.stores import LocalStore
from everfit.stores.dvc import DvcStore
from everfit.testing.stores import batch_of

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def ledger(project: Path, everfit: Command) -> Ledger:
    """The model `toy` with eight batches of a megabyte each, accepted three years ago."""
    everfit("new", "toy")
    store = LocalStore(project / "store")
    long_ago = datetime.now(UTC) - timedelta(days=3 * 365)
    ledger = Ledger("toy", store, lambda: long_ago)
    data = DvcStore(f"{store.url}/dvc", project / "work" / "dvc")
    for month in range(1, 9):
        folder = project / f"month-{month}"
        folder.mkdir()
        (folder / "examples.csv").write_bytes(b"%d" % month * 1_000_000)
        batch = batch_of(folder, data.commit(folder, f"toy-2013-0{month}"), f"2013-0{month}")
        ledger.append(f"arrival:{month}", BatchAccepted(batch, f"f{month}", ""))
    return ledger


def keep(project: Path, text: str) -> None:
    spec = project / "include/models/toy/model.yaml"
    spec.write_text(f"{spec.read_text()}\nkeep: {text}\n")


def test_without_keep_nothing_can_go(ledger: Ledger, everfit: Command) -> None:
    code, said = everfit("housekeeping", "--delete")
    assert code == 0
    assert "its model's spec has no `keep`" in said
    assert "Nothing can go." in said
    assert "2013-01 … 2013-08 (8)" in said
    assert not ledger.view().of(BytesDeleted)


def test_it_only_shows_until_it_is_told_to_delete(ledger: Ledger, everfit: Command, project: Path) -> None:
    keep(project, "{versions: 0, batches: 3, days: 30}")
    before = sorted(path for path in (project / "store").rglob("*") if path.is_file())
    code, said = everfit("housekeeping", "toy")
    assert code == 0
    assert "2013-01" in said
    assert "no living version and no rule needs it" in said
    assert "2 files can go; 2.0 MB of them are batches." in said
    assert sorted(path for path in (project / "store").rglob("*") if path.is_file()) == before

    _, said = everfit("housekeeping", "toy", "--delete")
    assert "toy: 2 files (2.0 MB) of 2 batches were deleted (entry 9)" in " ".join(said.split())
    assert len(list((project / "store/dvc/files").rglob("*.dir"))) == 6
    _, said = everfit("housekeeping", "--delete", "--all")
    assert "Nothing can go." in said
    assert "toy: nothing to delete" in said


def test_pointers_are_published_by_hand(
    ledger: Ledger, everfit: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = everfit("pointers")
    assert code == 1
    assert "add the connection everfit_pointers" in said
    monkeypatch.setenv("EVERFIT_POINTERS", str(project / "pointers.git"))
    code, said = everfit("pointers")
    assert code == 0
    assert "toy: all batches up to entry 8" in said
    command = ["git", "-C", str(project / "pointers.git"), "rev-parse", "main"]
    revision = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert f"is at revision {revision}" in said
