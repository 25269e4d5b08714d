"""`everfit rollout` and `everfit labels`: what a person sees and gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from everfit.cli import labels, main, rollout
from everfit.errors import DataError
from everfit.predictions import Label, label_count
from everfit.spec import load_spec
from everfit.spec.building import strategy_from
from tests.steps.rolling import Stand, stand

PLAN: list[Any] = [{"shadow": {"at_least": "5m", "answers": 50}}, {"canary": {"steps": [50], "answers": 20}}]
ID = "013bf3685800-0000000000000000"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    made = stand(tmp_path, load_spec("flight_delays").model_copy(update={"rollout": tuple(map(strategy_from, PLAN))}))
    for module in (rollout, labels):
        monkeypatch.setattr(module, "opened", lambda: made.ports)
        monkeypatch.setattr(module, "now", made.clock)
    return made


def said(*words: str) -> str:
    console = Console(width=140, record=True, highlight=False)
    main(words, console)
    return console.export_text()


def test_it_shows_the_plan_the_evidence_and_what_comes_next(at: Stand) -> None:
    assert "no version of flight_delays has been deployed yet" in said("rollout", "flight_delays")
    at.champion()
    assert "version 1 is the champion" in said("rollout", "flight_delays")
    at.version(2, 1)
    at.look()
    text = said("rollout", "flight_delays")
    assert "version 2 to replace 1" in text
    assert "▶  shadow" in text
    assert "it goes on in 5 min, once no harm has shown in 50 answers; in 1 d 0 h it is kept back" in text
    at.traffic(200)
    assert "the deploy task goes on at its next look" in said("rollout", "flight_delays")
    at.look()
    at.traffic(2_500, worse=0.35)
    text = said("rollout", "flight_delays")
    assert "✓  shadow" in text
    assert "▶  canary 50 %" in text
    assert "✗  quality" in text
    at.look()
    assert "was not deployed: harm: quality" in said("rollout", "flight_delays")


def test_a_person_stops_it(at: Stand) -> None:
    at.champion()
    at.version(2, 1)
    assert "nothing of flight_delays is being rolled out" in said("rollout", "flight_delays", "--stop", "no")
    at.look()
    assert "people complain" in said("rollout", "flight_delays", "--stop", "people complain")
    assert at.route.challenger is None


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_labels_from_a_file(at: Stand, tmp_path: Path, kind: str) -> None:
    table = pd.DataFrame({"id": [ID, ID, ID], "row": [0, 1, 2], "label": [1, 0, None]})
    path = tmp_path / f"labels.{kind}"
    table.to_csv(path, index=False) if kind == "csv" else table.to_parquet(path)
    assert labels.read(path) == [Label(ID, 1.0, 0), Label(ID, 0.0, 1), Label(ID, None, 2)]
    assert "3 labels" in said("labels", "flight_delays", str(path))
    assert label_count(at.ports.store, "flight_delays") == 3


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,late\n1,2\n")
    with pytest.raises(DataError, match="has no column label; found id, late"):
        labels.read(tmp_path / "x.csv")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        labels.read(tmp_path / "none.parquet")
