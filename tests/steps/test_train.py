"""A candidate from real flights in a real MLflow, with all that says how it was made."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest

from everfit.errors import Corrupted, DataError, SpecError, Unreachable
from everfit.features import load_code
from everfit.predictor import Card, Predictor
from everfit.registry import MlflowRegistry
from everfit.steps.build_features import build_features
from everfit.steps.feature_table import LABEL, FeatureTable
from everfit.steps.rows import batch_rows
from everfit.steps.train import train
from everfit.values import Candidate, Features, FileHash, Snapshot
from tests.services import Service, mlflow_server
from tests.workshop import Workshop, open_workshop
from tools.land_flights import land

MONTHS = ("2013-01", "2013-02", "2013-03")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as service:
        yield service


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    return land(tmp_path_factory.mktemp("landing"), MONTHS, 0.02)


@pytest.fixture(scope="module")
def workshop(server: Service, landed: Sequence[Path], tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    root = tmp_path_factory.mktemp("workshop")
    return open_workshop(root, landed, registry=MlflowRegistry(server.url, root / "models"))


@pytest.fixture(scope="module")
def snapshot(workshop: Workshop) -> Snapshot:
    return workshop.snapshot(*MONTHS)


@pytest.fixture(scope="module")
def features(workshop: Workshop, snapshot: Snapshot) -> Features:
    return build_features(workshop.ports, workshop.spec, snapshot)


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def candidate(workshop: Workshop, snapshot: Snapshot, features: Features, said: list[str]) -> Candidate:
    return go(workshop, snapshot, features, "first", said.append)


@pytest.fixture
def client(server: Service) -> Any:
    return mlflow.MlflowClient(server.url)


def go(workshop: Workshop, snapshot: Snapshot, features: Features, run: str, progress: Any = print) -> Candidate:
    return train(workshop.ports, workshop.spec, snapshot, features, run, "cpu", progress)


def runs(client: Any, model: str, key: str) -> list[Any]:
    experiment = client.get_experiment_by_name(model)
    return [r for r in client.search_runs([experiment.experiment_id]) if r.data.tags["everfit.run"] == key]


def test_the_candidate_names_every_file_of_the_model(
    workshop: Workshop, candidate: Candidate, snapshot: Snapshot
) -> None:
    names = [file.name for file in candidate.files]
    history = [f"history/{table}.parquet" for table in ("carrier", "dest", "plane", "route", "slot")]
    assert names == ["answers.json", "everfit.json", "features.py", *history, "model.ubj", "ranges.json"]
    assert (candidate.model, candidate.run, candidate.device) == ("flight_delays", "first", "cpu")
    assert candidate.snapshot == snapshot.id
    assert candidate.seconds > 0


def test_the_model_from_the_registry_scores_as_its_curve_says(
    workshop: Workshop, candidate: Candidate, features: Features, client: Any
) -> None:
    """Loaded from MLflow, asked with the holdout's features, it has the AUC that training logged for the last round."""
    from sklearn.metrics import roc_auc_score

    predictor = Predictor.load(workshop.ports.registry.model_files(candidate.mlflow_run, candidate.files))
    held_out = FeatureTable.read(workshop.ports.store.local_file(features.table)).of(("2013-03",))
    found = roc_auc_score(held_out.frame[LABEL], predictor.score(held_out.features))
    logged = client.get_metric_history(candidate.mlflow_run, "holdout_auc")
    assert [point.step for point in logged] == list(range(150))
    assert logged[-1].value == pytest.approx(found, abs=1e-6)
    assert found > 0.55


def test_raw_rows_score_the_same_alone_and_in_bulk(
    workshop: Workshop, candidate: Candidate, snapshot: Snapshot
) -> None:
    predictor = Predictor.load(workshop.ports.registry.model_files(candidate.mlflow_run, candidate.files))
    raw = batch_rows(workshop.ports, workshop.spec, predictor.code, snapshot.held_out[0]).head(40)
    bulk = predictor.predict(raw)
    assert bulk.tolist() == [predictor.predict(raw.iloc[[place]])[0] for place in range(len(raw))]
    assert len(set(bulk)) > 30


def test_the_run_says_how_the_model_was_made(
    workshop: Workshop, candidate: Candidate, snapshot: Snapshot, features: Features, client: Any, tmp_path: Path
) -> None:
    run = client.get_run(candidate.mlflow_run)
    assert run.info.status == "FINISHED"
    assert (
        run.data.params.items()
        >= {
            "algorithm": "xgboost",
            "rounds": "150",
            "seed": "2013",
            "device": "cpu",
            "batches": "2013-01, 2013-02",
            "holdout": "2013-03",
            "training_rows": str(features.training_rows),
        }.items()
    )
    assert {"seconds", "cpu_seconds", "peak_memory_mb", "training_seconds", "train_logloss"} <= set(run.data.metrics)
    assert run.data.metrics["peak_memory_mb"] > 50
    assert run.data.tags["everfit.snapshot"] == snapshot.id
    assert run.data.tags["everfit.spec"] == workshop.spec.spec_hash
    assert run.data.tags["everfit.chunk_rounds"] == run.data.params["chunk_rounds"] == "20"
    assert "everfit.objectives" not in run.data.tags
    inputs = {d.tags[0].value: d.dataset for d in run.inputs.dataset_inputs}
    assert {data.digest for data in inputs.values()} == {snapshot.id}
    assert all(b.sha256 in data.profile for part, data in [("training", inputs["training"])] for b in snapshot.training)
    assert snapshot.held_out[0].sha256 in inputs["holdout"].profile
    assert snapshot.held_out[0].sha256 not in inputs["training"].profile


def test_pictures_and_lineage_are_kept_with_the_run(candidate: Candidate, client: Any, tmp_path: Path) -> None:
    got = Path(client.download_artifacts(candidate.mlflow_run, "", str(tmp_path)))
    for name in ("learning_curves", "importance"):
        assert (got / "plots" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    lineage = {path.stem: json.loads(path.read_text()) for path in (got / "lineage").iterdir()}
    assert sorted(lineage) == ["device", "environment", "features", "snapshot", "spec", "training"]
    assert lineage["device"] == {"wanted": "cpu", "used": "cpu", "why": "", "gpu": None}
    assert lineage["environment"]["packages"]["xgboost"]
    assert lineage["environment"]["python"].startswith("3.")
    assert lineage["environment"]["hardware"]
    assert lineage["training"]["seed"] == 2013
    assert lineage["training"]["rounds"] == 150
    assert lineage["training"]["threads"] >= 1
    assert lineage["training"]["facts"]["chunk_rounds"] == "20"
    assert [batch["partition"] for batch in lineage["snapshot"]["batches"]] == list(MONTHS)
    assert lineage["spec"]["train"]["params"]["rounds"] == 150


def test_progress_is_told(candidate: Candidate, said: list[str]) -> None:
    assert "rows to learn from" in said[0]
    assert said[-2].startswith("round 150 of 150: auc 0.")
    assert said[-1] == "keeping the model and its lineage"


def test_asked_again_it_does_nothing_and_says_the_same(
    workshop: Workshop, snapshot: Snapshot, features: Features, candidate: Candidate, client: Any
) -> None:
    told: list[str] = []
    assert go(workshop, snapshot, features, "first", told.append) == candidate
    assert told == []
    assert len(runs(client, "flight_delays", "first")) == 1


def test_equal_snapshots_make_equal_bytes(
    candidate: Candidate, landed: Sequence[Path], server: Service, tmp_path: Path
) -> None:
    """Another store, another run, another day: the same model, byte by byte."""
    other = open_workshop(tmp_path, landed, registry=MlflowRegistry(server.url, tmp_path / "models"))
    snapshot = other.snapshot(*MONTHS)
    again = go(other, snapshot, build_features(other.ports, other.spec, snapshot), "elsewhere")
    assert again.files == candidate.files
    assert again.mlflow_run != candidate.mlflow_run


def test_another_seed_makes_another_model(
    workshop: Workshop, snapshot: Snapshot, features: Features, candidate: Candidate
) -> None:
    spec = workshop.spec
    other = workshop.with_spec(train=spec.train.model_copy(update={"seed": 1}))
    made = {file.name: file.sha256 for file in go(other, snapshot, features, "seeded").files}
    first = {file.name: file.sha256 for file in candidate.files}
    assert {name for name in made if made[name] != first[name]} == {"everfit.json", "model.ubj"}


class Dying(MlflowRegistry):
    """Dies once, where a try may die, after the model was trained and logged in part."""

    died = False

    def log_model(self, run: Any, folder: Path, example: Any) -> tuple[FileHash, ...]:
        if not self.died:
            self.died = True
            raise KeyboardInterrupt
        return super().log_model(run, folder, example)


def test_a_try_that_died_is_made_up_for_in_the_same_run(
    workshop: Workshop,
    snapshot: Snapshot,
    features: Features,
    candidate: Candidate,
    server: Service,
    client: Any,
    tmp_path: Path,
) -> None:
    registry = Dying(server.url, tmp_path / "models")
    dying = replace(workshop, ports=replace(workshop.ports, registry=registry))
    with pytest.raises(KeyboardInterrupt):
        go(dying, snapshot, features, "died")
    assert [run.info.status for run in runs(client, "flight_delays", "died")] == ["FAILED"]
    made = go(dying, snapshot, features, "died")
    (run,) = runs(client, "flight_delays", "died")
    assert (run.info.run_id, run.info.status) == (made.mlflow_run, "FINISHED")
    assert made.files == candidate.files
    assert len(client.get_metric_history(made.mlflow_run, "holdout_auc")) == 150


def test_what_cannot_be_trained_ends_as_a_failed_run_and_no_candidate(
    workshop: Workshop, snapshot: Snapshot, features: Features, client: Any
) -> None:
    wrong = workshop.spec.train.model_copy(update={"params": {"extra": {"gama": 1}}})
    with pytest.raises(SpecError, match="no parameter 'gama'; did you mean 'gamma'"):
        go(workshop.with_spec(train=wrong), snapshot, features, "wrong")
    assert [run.info.status for run in runs(client, "flight_delays", "wrong")] == ["FAILED"]
    assert not workshop.ports.store.exists("models/flight_delays/wrong/candidate.json")


def test_a_registry_that_is_away_is_found_out_before_training(
    workshop: Workshop, snapshot: Snapshot, features: Features, tmp_path: Path
) -> None:
    nobody = MlflowRegistry("http://127.0.0.1:9", tmp_path)
    told: list[str] = []
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        go(replace(workshop, ports=replace(workshop.ports, registry=nobody)), snapshot, features, "away", told.append)
    assert told == []


def test_damaged_features_are_never_trained_on(workshop: Workshop, snapshot: Snapshot, features: Features) -> None:
    with pytest.raises(Corrupted, match="SHA-256"):
        go(workshop, snapshot, replace(features, table=replace(features.table, sha256="0" * 64)), "damaged")


def test_code_that_changed_since_the_features_were_built_is_noticed(
    workshop: Workshop, snapshot: Snapshot, features: Features, tmp_path: Path
) -> None:
    (tmp_path / "features.py").write_bytes(load_code(workshop.spec.code_path).source + b"\n# changed\n")
    with pytest.raises(DataError, match="has changed since the features of this run were built"):
        go(workshop.with_spec(folder=tmp_path), snapshot, features, "changed")


def test_a_run_that_was_trained_on_something_else_is_not_passed_off(
    workshop: Workshop, candidate: Candidate, features: Features
) -> None:
    with pytest.raises(DataError, match="give the new run a name of its own"):
        go(workshop, workshop.snapshot(*MONTHS[1:]), features, "first")


def test_regression_takes_a_folder_and_nothing_else(landed: Sequence[Path], server: Service, tmp_path: Path) -> None:
    minutes = open_workshop(tmp_path, landed, "flight_minutes", MlflowRegistry(server.url, tmp_path / "models"))
    snapshot = minutes.snapshot(*MONTHS)
    made = go(minutes, snapshot, build_features(minutes.ports, minutes.spec, snapshot), "first")
    folder = minutes.ports.registry.model_files(made.mlflow_run, made.files)
    assert Card.read(folder).task == "regression"
    predictor = Predictor.load(folder)
    raw = batch_rows(minutes.ports, minutes.spec, predictor.code, snapshot.held_out[0])
    landed_rows = raw[raw["air_time"].notna()]
    error = np.abs(predictor.predict(landed_rows) - landed_rows["air_time"])
    assert error.mean() < 15
