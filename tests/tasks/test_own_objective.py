"""A model trained with a function of the team's own is kept, reproduced and found changed like any other."""

from __future__ import annotations

import hashlib
from pathlib import Path

import mlflow
import pytest

from everfit.errors import DataError, SpecError
from everfit.spec import TrainSpec
from everfit.steps.reproduce import lineage_of, reproduce
from tests.services import shared_mlflow
from tests.steps.judging import GATES, House, build

OWN = """
import numpy as np

def dear_misses(predictions, labels):
    chance = 1 / (1 + np.exp(-predictions))
    cost = np.where(labels == 1, 3, 1)
    return cost * (chance - labels), cost * chance * (1 - chance)
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = build(tmp_path, shared_mlflow().url, gates=GATES["binary"][:2])
    (made.spec.folder / "objectives.py").write_text(OWN)
    train = TrainSpec(params={"rounds": 20, "max_depth": 3, "objective": "dear_misses"})
    made.spec = made.spec.model_copy(update={"train": train})
    made.accept(1, 2, 3)
    return made


def test_it_is_kept_with_the_model_and_makes_it_again(house: House, tmp_path: Path) -> None:
    trained = house.trained("one")
    assert "objectives.py" in {file.name for file in trained.candidate.files}
    evaluation = trained.evaluate()
    assert evaluation.metrics["candidate"]["auc"] > 0.65
    registry, sha256 = house.ports.registry, hashlib.sha256(OWN.encode()).hexdigest()
    assert registry.run_tags(trained.candidate.mlflow_run)["everfit.objectives"] == sha256
    trained.register()
    version = mlflow.MlflowClient(shared_mlflow().url).get_model_version(house.spec.name, "1")
    assert version.tags["everfit.objectives"] == sha256
    (house.spec.folder / "objectives.py").write_text(OWN.replace("3, 1", "1, 1"))
    again = reproduce(house.ports, lineage_of(house.ports, house.spec.name, 1), tmp_path / "again", print)
    assert again.equal
    other = house.trained("two")
    files = {run.candidate.run: {f.name: f.sha256 for f in run.candidate.files} for run in (trained, other)}
    assert files["one"]["model.ubj"] != files["two"]["model.ubj"]
    assert files["one"]["everfit.json"] != files["two"]["everfit.json"]


def test_a_file_that_changes_under_the_training_ends_it(house: House) -> None:
    """The card would name another function than the trees were grown with."""
    path = house.spec.folder / "objectives.py"
    path.write_text(OWN + "\nopen(__file__, 'a').write('#')\n")  # each time it is loaded
    with pytest.raises(DataError, match=r"objectives\.py has changed while the model was trained with it"):
        house.trained("one")


def test_a_function_that_is_gone_is_told_before_training(house: House) -> None:
    (house.spec.folder / "objectives.py").write_text("def dear_miss(predictions, labels): ...\n")
    with pytest.raises(SpecError, match="'dear_misses'; did you mean 'dear_miss'"):
        house.trained("one")
