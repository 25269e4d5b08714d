"""`everfit replay`: what it says and draws."""

from __future__ import annotations

import json

import pytest

from tests.cli.story import NOWHERE, run


@pytest.fixture
def command(year, monkeypatch):
    """The command in a project with four months, of which the last two are not as those before."""
    model = year.spec.folder / "model.yaml"
    text = model.read_text().replace("batches: 6", "batches: 2")
    model.write_text(text.replace("  seed: 1\n", "  seed: 1\n  params: {rounds: 10}\n"))
    for month in ("2024-01", "2024-02", "2024-03", "2024-04"):
        year.land(month, upside_down=month > "2024-02", per_day=10)
    for name, place in {"STORE": "store", "LANDING": "landing", "WORK": "work"}.items():
        monkeypatch.setenv(f"EVERFIT_{name}", str(year.root / place))
    for name in ("MLFLOW", "SERVER"):
        monkeypatch.setenv(f"EVERFIT_{name}", NOWHERE)
    monkeypatch.setenv("EVERFIT_PRICES", json.dumps({"currency": "EUR", "cpu_core": 3600}))
    return lambda *words: run(("replay", "toy", *words), width=160)


def test_it_says_what_each_policy_came_to_and_draws_it(command, year):
    picture = year.root / "pictures" / "replay.svg"
    code, said = command("--policies", "never,default", "--picture", str(picture))
    assert code == 0, said
    told = said[said.index("policy ") :].splitlines()
    rows = {line.split()[0]: line.split() for line in told[:3]}
    assert set(rows) == {"policy", "never", "default"}
    assert "EUR" in rows["policy"]
    assert "best" in rows["never"] or "best" in rows["default"]
    drawn = picture.read_text()
    assert drawn.lstrip().startswith("<?xml")
    again, same = command("--policies", "never,default", "--picture", str(picture))
    assert again == 0
    assert same.count("(played before)") == 2
    assert picture.read_text() == drawn


def test_wrong_words_are_refused(command):
    code, said = command("--policies", "montly")
    assert code == 1
    assert "there is no policy 'montly'; did you mean 'monthly'?" in said
    with pytest.raises(SystemExit, match="2"):
        command("--since", "yesterday")
    with pytest.raises(SystemExit, match="2"):
        command("--lands-after", "soon")


def test_where_no_model_is_good_enough_it_says_why(command, year):
    model = year.spec.folder / "model.yaml"
    model.write_text(model.read_text().replace("at_least: 0.6", "at_least: 0.999"))
    code, said = command("--policies", "never")
    assert code == 1
    assert "no day on which each policy had a champion" in " ".join(said.split())
