"""`everfit predict` at a terminal: what waits is scored once, and a person sees by whom and where it is."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from everfit.ledger.entries import BatchScored
from tests.cli.story import run
from tests.services import shared_mlflow
from tests.steps.scoring import CODE, ROWS, House, furnished, house_in, trips

YAML = """
name: {name}
task: binary
label: late
time: leaves
data:
  landing: trips
  tables: {{trips: {{file: trips.parquet}}, carriers: {{file: carriers.csv}}}}
score: {{of: landing, folder: to_score, key: [number, plane], unknown: {{trips: [late]}}}}
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    made = furnished(house_in(tmp_path, f"toy_{uuid4().hex[:8]}"))
    (made.spec.folder / "model.yaml").write_text(YAML.format(name=made.spec.name))
    (made.spec.folder / "features.py").write_text(CODE + ROWS)
    places = {"MODELS": "models", "WORK": "work", "STORE": "store", "LANDING": "landing"}
    for name, folder in places.items():
        monkeypatch.setenv(f"EVERFIT_{name}", str(tmp_path / folder))
    monkeypatch.setenv("EVERFIT_MLFLOW", shared_mlflow().url)
    monkeypatch.setenv("EVERFIT_SERVER", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)
    return made


def test_all_that_waits_is_scored_and_told(house: House) -> None:
    june = trips(6).drop(columns="late")
    june.loc[7, ["hour", "carrier", "leaves"]] = None
    house.land("2013-06", june)
    house.land("2013-07", june.assign(hour=june["hour"] + 20))
    house.stage(0.4, "plane", shadow=True)
    code, said = run(("predict", house.spec.name), 300)
    (entry,) = house.ledger.view().of(BatchScored)
    body = entry.body
    own = body.rows - body.challenged
    assert code == 1, "a delivery was refused"
    assert "2 in to_score: 2013-06, 2013-07" in said
    assert f"entry {entry.seq}: {own} rows by champion 1, {body.challenged} by challenger 2" in said
    assert f"{own} in the shadow by version 2" in said
    assert f"{body.challenged} in the shadow by version 1" in said
    assert body.file.key in said.replace("\n", "").replace(" ", "")
    assert "1 without an answer" in said
    assert "not scored" in said
    assert "trips.hour" in said
    code, said = run(("predict", house.spec.name), 140)
    assert (code, "nothing to score" in said) == (0, True)
    code, again = run(("predict", house.spec.name, "2013-06"), 140)
    assert (code, f"entry {entry.seq}: {own} rows" in again) == (0, True)
    assert len(house.ledger.view().of(BatchScored)) == 1


def test_what_is_not_there_is_one_message(house: House) -> None:
    code, said = run(("predict", house.spec.name, "2013-11"), 200)
    assert code == 1
    assert "no complete delivery '2013-11' is in to_score of the landing place" in said
