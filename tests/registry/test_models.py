from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from everfit.errors import Corrupted, UnknownName
from everfit.registry import MlflowRegistry
from everfit.values import Candidate, FileHash
from tests.registry.conftest import write_folder
from tests.services import Service

Make = Callable[..., Candidate]


def stored(mlflow: Service, name: str) -> list[Path]:
    """Where the server keeps the files of that name."""
    return sorted(mlflow.log.parent.joinpath("artifacts").rglob(name))


def test_a_model_comes_back_byte_for_byte(registry: MlflowRegistry, candidate: Make, folder: Path) -> None:
    made = candidate("round_trip")
    back = registry.model_files(made.mlflow_run, made.files)
    names = ["everfit.json", "features.py", "history/carriers.parquet", "model.ubj"]
    assert [file.name for file in made.files] == names
    assert sorted(p.relative_to(back).as_posix() for p in back.rglob("*") if p.is_file()) == names
    for name in names:
        assert (back / name).read_bytes() == (folder / name).read_bytes()


def test_a_second_look_asks_nobody(registry: MlflowRegistry, candidate: Make, tmp_path: Path) -> None:
    made = candidate("second_look")
    first = registry.model_files(made.mlflow_run, made.files)
    nobody = MlflowRegistry("http://127.0.0.1:9", tmp_path / "work")
    assert nobody.model_files(made.mlflow_run, made.files) == first


def test_a_spoilt_local_copy_is_fetched_again(registry: MlflowRegistry, candidate: Make) -> None:
    made = candidate("spoilt_copy")
    first = registry.model_files(made.mlflow_run, made.files)
    (first / "features.py").write_text("import os")
    (first / "history" / "more.parquet").write_bytes(b"")
    again = registry.model_files(made.mlflow_run, made.files)
    assert (again / "features.py").read_text().startswith("INPUTS")
    assert not (again / "history" / "more.parquet").exists()


def test_people_see_one_model_without_pickle_that_mlflow_loads(
    registry: MlflowRegistry, candidate: Make, mlflow: Service
) -> None:
    import mlflow as vendor
    import numpy as np
    import xgboost

    made = candidate("for_people")
    registry.register(made, {"why": "new data"})
    registry.set_alias("for_people", "champion", 1)
    client = vendor.MlflowClient(mlflow.url)
    (logged,) = client.search_logged_models([client.get_run(made.mlflow_run).info.experiment_id])
    files = {f.path for f in client.list_logged_model_artifacts(logged.model_id)}
    assert files == {
        *("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "input_example.json"),
        *("serving_input_example.json", "model.ubj", "features.py", "history", "everfit.json"),
    }
    assert client.get_run(made.mlflow_run).outputs.model_outputs[0].model_id == logged.model_id
    version = client.get_model_version_by_alias("for_people", "champion")
    assert (version.run_id, version.tags["why"], version.source) == (
        made.mlflow_run,
        "new data",
        logged.artifact_location,
    )
    vendor.set_tracking_uri(mlflow.url)
    try:
        booster = vendor.xgboost.load_model("models:/for_people@champion")
        described = vendor.models.get_model_info("models:/for_people@champion")
    finally:
        vendor.set_tracking_uri(None)
    assert booster.predict(xgboost.DMatrix(np.zeros((1, 2)))).shape == (1,)
    assert described.signature.inputs.input_names() == ["distance", "carrier", "time_hour", "weekend"]
    assert list(described.flavors) == ["xgboost"]
    needed = (stored(mlflow, "requirements.txt")[0]).read_text()
    assert f"xgboost=={xgboost.__version__}" in needed


def test_the_model_of_an_earlier_try_is_replaced(
    registry: MlflowRegistry, candidate: Make, mlflow: Service, tmp_path: Path
) -> None:
    import mlflow as vendor

    client = vendor.MlflowClient(mlflow.url)
    first = candidate("replaced")
    same = candidate("replaced")
    other = candidate("replaced", source=write_folder(tmp_path / "other", seed=1))
    models = client.search_logged_models([client.get_run(first.mlflow_run).info.experiment_id])
    assert first == same
    assert first.mlflow_run == other.mlflow_run
    assert len(models) == 1
    assert registry.model_files(other.mlflow_run, other.files).name
    with pytest.raises(Corrupted, match="has no model with the recorded files"):
        registry.model_files(first.mlflow_run, first.files)


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_changed_bytes_are_never_handed_out(
    registry: MlflowRegistry, candidate: Make, mlflow: Service, tmp_path: Path, harm: str
) -> None:
    folder = write_folder(tmp_path / harm, seed=7)
    (folder / f"{harm}.json").write_text("{}")
    made = candidate(f"harmed_{harm}", source=folder)
    (victim,) = stored(mlflow, f"{harm}.json")
    victim.unlink() if harm == "gone" else victim.write_text("[]")
    wanted = "has lost gone.json" if harm == "gone" else r"changed.json of .* has SHA-256 4f53cda18c2b"
    with pytest.raises(Corrupted, match=wanted):
        registry.model_files(made.mlflow_run, made.files)
    assert not [p for p in (tmp_path / "work" / "models").iterdir() if harm in str(list(p.iterdir()))]


def test_a_name_that_leaves_the_folder_is_refused(registry: MlflowRegistry) -> None:
    with pytest.raises(Corrupted, match="inside the model's folder"):
        registry.model_files("any", [FileHash("../model.ubj", "00", 1)])


def test_many_register_one_candidate_and_one_version_is_left(candidate: Make, mlflow: Service, tmp_path: Path) -> None:
    made = candidate("raced")
    racers = [MlflowRegistry(mlflow.url, tmp_path / "work") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        versions = set(pool.map(lambda racer: racer.register(made, {"why": "race"}), racers))
    import mlflow as vendor

    left = vendor.MlflowClient(mlflow.url).search_model_versions("name = 'raced'")
    assert [(v.version, v.tags["why"]) for v in left] == [("1", "race")]
    assert {v.version for v in versions} == {1}
    assert racers[0].version("raced", 1) in versions


def test_aliases_move_and_go(registry: MlflowRegistry, candidate: Make, tmp_path: Path) -> None:
    assert registry.alias("aliased", "champion") is None
    first = registry.register(candidate("aliased"), {})
    second = registry.register(candidate("aliased", "run:2", write_folder(tmp_path / "2", seed=2)), {})
    registry.set_alias("aliased", "champion", first.version)
    registry.set_alias("aliased", "previous", first.version)
    registry.set_alias("aliased", "champion", second.version)
    assert registry.aliases("aliased") == {"champion": 2, "previous": 1}
    registry.set_alias("aliased", "previous", None)
    registry.set_alias("aliased", "previous", None)
    assert registry.alias("aliased", "previous") is None
    assert "aliased" in registry.models()


def test_a_version_nobody_made(registry: MlflowRegistry, candidate: Make, mlflow: Service) -> None:
    import mlflow as vendor

    made = candidate("made")
    registry.register(made, {})
    with pytest.raises(UnknownName, match="no version of made '9'"):
        registry.version("made", 9)
    client = vendor.MlflowClient(mlflow.url)
    source = client.get_run(made.mlflow_run).info.artifact_uri
    client.create_model_version("made", source, run_id=made.mlflow_run, await_creation_for=0)
    with pytest.raises(Corrupted, match="not registered by everfit"):
        registry.version("made", 2)


def test_files_lie_once(candidate: Make, mlflow: Service, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "once", seed=11)
    candidate("lies_once", source=folder)
    same = [p for p in stored(mlflow, "*.ubj") if p.read_bytes() == (folder / "model.ubj").read_bytes()]
    assert len(same) == 1
    assert not [p for p in stored(mlflow, "*") if p.suffix in {".pkl", ".pickle", ".joblib"}]
    shutil.rmtree(folder)
    assert urllib.request.urlopen(mlflow.url + "/health").status == 200


def test_a_version_is_tagged_again_and_again(registry: MlflowRegistry, candidate: Make, mlflow: Service) -> None:
    import mlflow as vendor

    registry.register(candidate("tagged"), {"why": "a test"})
    for text in ("first", "second"):
        registry.tag("tagged", 1, {"everfit.recalled": text})
    tags = vendor.MlflowClient(mlflow.url).get_model_version("tagged", "1").tags
    assert (tags["everfit.recalled"], tags["why"]) == ("second", "a test")


def test_what_a_run_says_of_itself_can_be_read_back(registry: MlflowRegistry, tmp_path: Path) -> None:
    (tmp_path / "lineage").mkdir()
    (tmp_path / "lineage" / "spec.json").write_bytes(b'{"seed": 0}')
    for device in ("cpu", "cuda"):  # a retry on another machine
        with registry.run("told", "a run", "run:1") as run:
            run.params({"device": device, "seed": 0})
            run.tags({"everfit.spec": "abc"})
            run.artifact(tmp_path / "lineage", "lineage")
    assert registry.run_file(run.id, "lineage/spec.json") == b'{"seed": 0}'
    assert registry.run_params(run.id) == {"device": "cuda", "seed": "0"}
    assert registry.run_tags(run.id)["everfit.spec"] == "abc"
    with pytest.raises(Corrupted, match=r"has no lineage/gone.json \(any more\)"):
        registry.run_file(run.id, "lineage/gone.json")
