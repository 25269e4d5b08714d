"""`everfit rehearse`: the way back is tried, and who serves does not change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.rollback import two_champions
from everfit.cli.opened import opened
from everfit.spec import load_spec
from tests.cli.story import run, settle
from tests.services import ROOT, shared_mlflow, shared_model_server

NAME = "rehearsed_by_hand"


def test_a_rehearsal_at_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(tmp_path, monkeypatch, shared_mlflow().url, shared_model_server().url)
    model = tmp_path / "include" / "models" / NAME
    shutil.copytree(ROOT / "include" / "models" / "flight_delays", model)
    text = (model / "model.yaml").read_text()
    (model / "model.yaml").write_text(text.replace("flight_delays", NAME))
    code, said = run(["rehearse", NAME], 160)
    assert code == 1
    assert "has no version to go back to yet" in said
    two_champions(opened(), load_spec(NAME), tmp_path)
    code, said = run(["rehearse", NAME], 160)
    assert code == 0, said
    assert "version 1: fetching its" in said
    assert "going back to version 1 was rehearsed" in said
    code, said = run(["ledger", "show", NAME, "--last", "1"], 160)
    assert "3 rows answered as when it was judged" in " ".join(said.split())
    assert "Now: champion 2, previous 1" in said
