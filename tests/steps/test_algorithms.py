"""The same life with each algorithm: trained, judged, registered, and loaded for serving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from everfit import catalog
from everfit.errors import SpecError
from everfit.ledger.entries import CandidateJudged
from everfit.models.constant import Constant
from everfit.predictor import Card, Predictor
from everfit.spec import ModelSpec
from everfit.spec.training import TrainSpec
from everfit.steps.train import make_model
from tests.services import Service
from tests.steps.judging import GATES, House, build, month

ALGORITHMS: dict[str, tuple[dict[str, Any], str, str]] = {
    "xgboost": ({"rounds": 20, "max_depth": 3}, "model.ubj", "xgboost"),
    "lightgbm": ({"rounds": 20, "num_leaves": 8}, "model.lgb", "lightgbm"),
    "constant": ({}, "model.json", "everfit"),
}


def house_with(algorithm: str, root: Path, mlflow: Service, gates: list[Any] | None = None) -> House:
    house = build(root, mlflow.url, gates=gates)
    params = ALGORITHMS[algorithm][0]
    house.spec = house.spec.model_copy(update={"train": TrainSpec(algorithm=algorithm, params=params)})
    house.accept(1, 2, 3)
    return house


def test_every_algorithm_lives_here() -> None:
    assert set(ALGORITHMS) == set(catalog.algorithms())


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_each_algorithm_is_trained_judged_registered_and_loaded(
    algorithm: str, mlflow: Service, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    _, file, flavor = ALGORITHMS[algorithm]
    gates = (
        GATES["binary"] if algorithm != "constant" else [{"not_worse_than_champion": {"loss": "brier", "margin": 1}}]
    )
    house = house_with(algorithm, tmp_path, mlflow, gates)
    trained = house.trained("first")
    version = trained.register()
    assert file in [one.name for one in version.files]
    (judged,) = [entry.body for entry in house.ledger.view().of(CandidateJudged)]
    assert judged.promote
    folder = house.ports.registry.model_files(version.mlflow_run, version.files)
    predictor = Predictor.load(folder)
    assert Card.read(folder).algorithm == algorithm
    rows = month(4)
    scores = predictor.predict(rows)
    assert len(scores) == len(rows)
    assert 0 < scores.min() <= scores.max() < 1
    client = MlflowClient(mlflow.url)
    (logged,) = client.search_logged_models([client.get_run(version.mlflow_run).info.experiment_id])
    files = {one.path for one in client.list_logged_model_artifacts(logged.model_id)}
    assert {"MLmodel", "requirements.txt", "everfit.json", "features.py", file} <= files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".joblib"))]
    said = Path(client.download_artifacts(version.mlflow_run, "", str(tmp_path / "run")))
    assert (said / "plots" / "learning_curves.png").exists()
    assert (said / "plots" / "importance.png").exists() == (algorithm != "constant")
    described = described_by(mlflow, house.spec.name)
    assert list(described.flavors) == [flavor]
    assert described.signature.inputs.input_names() == ["carrier", "distance", "left"]


def described_by(mlflow: Service, model: str) -> Any:
    import mlflow as vendor

    vendor.set_tracking_uri(mlflow.url)
    try:
        return vendor.models.get_model_info(f"models:/{model}/1")
    finally:
        vendor.set_tracking_uri(None)


@pytest.mark.parametrize("algorithm", ["lightgbm", "constant"])
def test_equal_input_gives_an_equal_folder(algorithm: str, mlflow: Service, tmp_path: Path) -> None:
    house = house_with(algorithm, tmp_path, mlflow)
    first = house.trained("first")
    made = make_model(house.ports, house.spec, first.snapshot, first.features, "cpu", tmp_path / "again", print)
    assert {
        path.relative_to(made.folder).as_posix(): path.read_bytes() for path in made.folder.rglob("*") if path.is_file()
    } == {
        file.name: (
            house.ports.registry.model_files(first.candidate.mlflow_run, first.candidate.files) / file.name
        ).read_bytes()
        for file in first.candidate.files
    }


def test_mlflow_loads_a_model_of_lightgbm(mlflow: Service, tmp_path: Path) -> None:
    import mlflow as vendor
    import numpy as np

    house = house_with("lightgbm", tmp_path, mlflow)
    house.trained("first").register()
    vendor.set_tracking_uri(mlflow.url)
    try:
        booster = vendor.lightgbm.load_model(f"models:/{house.spec.name}/1")
    finally:
        vendor.set_tracking_uri(None)
    assert booster.predict(np.zeros((1, booster.num_feature()))).shape == (1,)


def test_a_champion_is_beaten_by_another_algorithm(mlflow: Service, tmp_path: Path) -> None:
    """A cold start with the constant; then trees, which are compared with it row by row."""
    gates = [{"above_bar": {"metric": "log_loss", "at_most": 9}}, {"beats_champion": {"loss": "log_loss"}}]
    house = house_with("constant", tmp_path, mlflow, gates)
    house.crown(house.trained("cold").register().version)
    house.accept(4)
    trees = TrainSpec(algorithm="lightgbm", params=ALGORITHMS["lightgbm"][0])
    house.spec = house.spec.model_copy(update={"train": trees})
    judged = house.trained("trees").judge()
    assert judged.champion == 1
    assert judged.promote, judged.reason
    assert judged.verdicts[0].effect < -0.02


def test_a_task_that_the_algorithm_does_not_learn_is_refused_when_the_spec_is_read() -> None:
    said = {
        "name": "trips",
        "task": "quantile",
        "quantiles": [0.1, 0.9],
        "label": "late",
        "time": "left",
        "data": {"landing": "trips", "tables": {"trips": {"file": "trips.parquet"}}},
    }
    assert ModelSpec(**said, train={"algorithm": "constant"}).algorithm == Constant()
    with pytest.raises(SpecError, match=r"train\.algorithm: lightgbm learns binary or .*, and the task is quantile"):
        ModelSpec(**said, train={"algorithm": "lightgbm"})
