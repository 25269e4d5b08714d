"""`everfit worth`: what each retrain was worth, and what hindsight says."""

from __future__ import annotations

import json

import pytest

from everfit.stores import open_store
from tests.steps.queueing import hall
from tests.steps.staling import MODEL, World, world

WHEN = "[new_data, changed, {worth_it: {loss_costs: 1.0, unit: EUR}}]"


@pytest.fixture
def here(everfit, project, monkeypatch) -> World:
    """A model that was trained some times, in the project's store."""
    monkeypatch.setattr("everfit.steps.snapshot.recipe", lambda _: {})
    everfit("new", MODEL)
    made = world(hall(project / "work", open_store(str(project / "store"))))
    return made.live(30)


def test_what_each_run_was_worth(here, everfit, project):
    code, said = everfit("worth", MODEL, "--loss-costs", "1", "--unit", "EUR")
    assert code == 0
    rows = [line.split() for line in said.splitlines() if "run-" in line]
    assert [row[2:5] for row in rows] == [
        ["run-2", "2", "1"],
        ["run-3", "3", "2"],
        ["run-4", "4", "11"],
        ["run-5", "5", "11"],
    ]
    assert "11.0 (10.9 to 11.1)" in said
    assert f"staleness and runs cost {here.cost:.1f} EUR" in said
    assert "best fixed interval: every 10 batches, " in said
    assert (
        len(
            [
                line
                for line in everfit("worth", MODEL, "--last", "1", "--loss-costs", "1", "--unit", "EUR")[1].splitlines()
                if "run-" in line
            ]
        )
        == 1
    )


def test_what_things_cost_comes_from_the_spec(here, everfit, project, capsys):
    code, said = everfit("worth", MODEL)
    assert code == 1
    assert "does not say what a loss costs: give --loss-costs" in said
    path = project / "include" / "models" / MODEL / "model.yaml"
    path.write_text(path.read_text().replace("[new_data, changed]", WHEN))
    assert everfit("worth", MODEL, "--json")[0] == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unit"] == "EUR"
    assert found["cost"] == pytest.approx(here.cost, abs=0.1)
    assert "a run costs" not in everfit("worth", MODEL, "--unit", "seconds")[1]
    code, said = everfit("worth", MODEL, "--run-costs", "-1")
    assert (code, "--run-costs: wanted a number above 0, found -1.0" in said) == (1, True)


def test_before_there_is_anything_to_tell(everfit, project):
    everfit("new", "toy")
    code, said = everfit("worth", "toy", "--loss-costs", "1")
    assert (code, "there is no champion yet that could get stale" in said) == (1, True)
    here = world(hall(project / "work", open_store(str(project / "store"))))
    everfit("new", MODEL)
    assert everfit("worth", MODEL, "--loss-costs", "1") == (
        0,
        f"no retrain of {MODEL} has been judged yet since its first champion\n",
    )
    here.step()
    here.house.judge(here.asked("a person"), MODEL)
    code, said = everfit("worth", MODEL, "--loss-costs", "1")
    assert (code, "nobody knows how fast this model gets stale" in said) == (0, True)
