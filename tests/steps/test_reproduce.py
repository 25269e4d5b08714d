"""A version made again from its lineage alone, with real MLflow, DVC and training; one changed byte is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from everfit.errors import Corrupted, DataError, UnknownName
from everfit.ledger.entries import BytesDeleted, CandidateJudged, ModelRegistered
from everfit.registry import MlflowRegistry
from everfit.steps.build_features import build_features
from everfit.steps.reproduce import Lineage, Reproduction, differences, lineage_of, remember, reproduce
from everfit.steps.snapshot import TrainRequest, resolve, snapshot_of
from everfit.steps.train import train
from everfit.stores.dvc import DvcStore
from everfit.values import FileHash, StoredFile
from tests.services import Service
from tests.steps.judging import House, build
from tests.workshop import open_workshop
from tools.land_flights import land

FILES = ["answers.json", "everfit.json", "features.py", "history/hours.parquet", "model.ubj", "ranges.json"]


@pytest.fixture(scope="module")
def trips(mlflow: Service, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A model with one version, whose model.yaml and features.py have changed since."""
    house = build(tmp_path_factory.mktemp("trips"), mlflow.url)
    house.accept(1, 2, 3)
    house.trained("one").register()
    house.code("INPUTS = []\n")
    changed = {"seed": 9, "params": {"rounds": 3}}
    return replace(house, spec=house.spec.model_copy(update={"train": house.spec.train.model_copy(update=changed)}))


@pytest.fixture
def clean(trips: House, tmp_path: Path):
    """The ports of another machine: nothing of the first one's caches, the same store, remote and registry."""
    fresh = tmp_path / "machine"
    fresh.mkdir()
    data = DvcStore(str(trips.root / "store" / "dvc"), fresh / "dvc")
    registry = MlflowRegistry(trips.ports.registry._server.uri, fresh / "models")
    return replace(trips.ports, data=data, registry=registry, work=fresh)


def again(ports, house: House, into: Path) -> tuple[Lineage, Reproduction]:
    lineage = lineage_of(ports, house.spec.name, 1)
    return lineage, reproduce(ports, lineage, into, print)


def test_the_bytes_are_equal_whatever_the_checkout_says_by_now(clean, trips: House, tmp_path: Path) -> None:
    before = sorted(trips.ports.store.list(""))
    lineage, made = again(clean, trips, tmp_path / "into")
    assert lineage.spec.train.seed == 0
    assert differences(lineage) == ()
    assert made.equal
    assert [file.name for file in made.files] == FILES
    assert {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()} == set(FILES)
    assert sorted(trips.ports.store.list("")) == before, "nothing is written but into the folder"


def remote_object(house: House, name: str) -> Path:
    """The file in the DVC remote that has the bytes of a batch's file."""
    (batch,) = [b for _, b in house.ledger.view().batches if b.partition == name]
    (file,) = batch.files
    found = [
        path
        for path in (house.root / "store" / "dvc").rglob("*")
        if path.is_file() and FileHash.of(path).sha256 == file.sha256
    ]
    assert len(found) == 1
    return found[0]


def flip(path: Path) -> None:
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_a_version_of_before_ranges_and_answers_is_equal_without_them(clean, trips: House, tmp_path: Path) -> None:
    lineage = lineage_of(clean, trips.spec.name, 1)
    old = tuple(file for file in lineage.files if file.name not in ("answers.json", "ranges.json"))
    made = reproduce(clean, replace(lineage, files=old), tmp_path / "into", print)
    assert made.equal
    assert [file.name for file in made.files] == [file.name for file in old]


def test_that_it_was_made_again_is_kept_once(clean, trips: House, tmp_path: Path) -> None:
    lineage, name = lineage_of(trips.ports, trips.spec.name, 1), trips.spec.name
    for who in ("ann", "bob"):
        remember(trips.ports, lineage, who)
    (key,) = trips.ports.store.list(f"reproduced/{name}")
    assert json.loads(trips.ports.store.read(key))["by"] == "ann"


def test_one_changed_byte_in_the_remote_is_refused_with_the_files_name(clean, trips: House, tmp_path: Path) -> None:
    victim = remote_object(trips, "2013-02")
    shutil.copy2(victim, tmp_path / "kept")
    flip(victim)
    try:
        with pytest.raises(Corrupted, match=r"trips\.parquet of batch 2013-02 "):
            again(clean, trips, tmp_path / "into")
    finally:
        shutil.copy2(tmp_path / "kept", victim)


def test_one_changed_byte_in_the_local_copy_is_refused_too(clean, trips: House, tmp_path: Path) -> None:
    (batch,) = [b for _, b in trips.ledger.view().batches if b.partition == "2013-02"]
    flip(clean.data.fetch(batch) / "trips.parquet")
    with pytest.raises(Corrupted, match=r"trips\.parquet of batch 2013-02 has SHA-256 .*If only the copy in"):
        again(clean, trips, tmp_path / "into")


def test_a_file_that_differs_is_named(clean, trips: House, tmp_path: Path) -> None:
    lineage = lineage_of(clean, trips.spec.name, 1)
    other = lineage.spec.model_copy(update={"train": lineage.spec.train.model_copy(update={"seed": 1})})
    made = reproduce(clean, replace(lineage, spec=other), tmp_path / "into", print)
    assert not made.equal
    assert [file.name for file in made.files if not file.equal] == ["everfit.json"], (
        "no sampling: only the seed differs"
    )


def test_another_environment_is_told_apart(clean, trips: House) -> None:
    lineage = lineage_of(clean, trips.spec.name, 1)
    then = {**lineage.card.libraries, "python": "3.9.1", "xgboost": "1.0.0"}
    changed = replace(
        lineage,
        card=replace(lineage.card, libraries=then),
        made_with=replace(lineage.made_with, cpu="Z80", gpu="NVIDIA Z1"),
        device="cuda",
    )
    found = {one.what: one.then for one in differences(changed)}
    assert found == {"python": "3.9.1", "xgboost": "1.0.0", "CPU": "Z80", "GPU": "NVIDIA Z1"}
    assert "GPU" not in {one.what for one in differences(replace(changed, device="cpu"))}


def test_a_changed_spec_or_code_is_refused(clean, trips: House, tmp_path: Path) -> None:
    lineage = lineage_of(clean, trips.spec.name, 1)
    with pytest.raises(Corrupted, match=r"features\.py of version 1 has SHA-256"):
        reproduce(clean, replace(lineage, code=lineage.code + b"\n"), tmp_path / "into", print)
    artifacts = trips.ports.registry.run_file(lineage_run(trips), "lineage/spec.json")
    import mlflow as vendor

    client = vendor.MlflowClient(trips.ports.registry._server.uri)
    client.log_text(lineage_run(trips), artifacts.decode().replace('"seed": 0', '"seed": 1'), "lineage/spec.json")
    with pytest.raises(Corrupted, match=r"the run's tag everfit\.spec says"):
        lineage_of(clean, trips.spec.name, 1)
    client.log_text(lineage_run(trips), artifacts.decode(), "lineage/spec.json")


def lineage_run(house: House) -> str:
    return house.ledger.view().versions[1].mlflow_run


def test_the_folder_must_be_empty_and_the_version_known(clean, trips: House, tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / "model.ubj").write_bytes(b"")
    with pytest.raises(DataError, match="is not empty"):
        again(clean, trips, tmp_path / "into")
    with pytest.raises(UnknownName, match="no registered version '7'"):
        lineage_of(clean, trips.spec.name, 7)


def test_a_version_whose_data_was_deleted_cannot_be_made_again(mlflow: Service, tmp_path: Path) -> None:
    house = build(tmp_path, mlflow.url)
    house.accept(1, 2, 3)
    house.trained("one").register()
    (_, batch), *rest = house.ledger.view().batches
    house.ports.data.delete(batch, [kept for _, kept in rest])
    with pytest.raises(Corrupted, match="2013-01 is not in the DVC remote any more"):
        again(house.ports, house, tmp_path / "into")
    entry = house.ledger.append("deleted", BytesDeleted((f"{batch.label} {batch.sha256}",), 1, 1))
    with pytest.raises(DataError, match=rf"bytes of batch 2013-01 were deleted \(entry {entry.seq} of the ledger"):
        again(house.ports, house, tmp_path / "other")


def test_real_flights_are_made_again(mlflow: Service, tmp_path: Path) -> None:
    months: Sequence[Path] = land(tmp_path / "landing", ("2013-01", "2013-02", "2013-03"), 0.02)
    shop = open_workshop(tmp_path / "shop", months, registry=MlflowRegistry(mlflow.url, tmp_path / "models"))
    triggered = resolve(shop.ports, shop.spec, TrainRequest("real", "test", device="cpu"))
    assert triggered is not None
    snapshot = snapshot_of(shop.spec, triggered)
    features = build_features(shop.ports, shop.spec, snapshot)
    candidate = train(shop.ports, shop.spec, snapshot, features, "real", "cpu", print)
    file = StoredFile("evidence/e", "0")
    judged = CandidateJudged("real", candidate.mlflow_run, snapshot.id, candidate.files, None, True, "", (), file, file)
    entry = shop.ledger.append("judged:real", judged)
    shop.ledger.append("registered:real", ModelRegistered(shop.ports.registry.register(candidate, {}), entry.seq))
    ports = replace(shop.ports, data=DvcStore(str(tmp_path / "shop/store/dvc"), tmp_path / "fresh"))
    lineage = lineage_of(ports, shop.spec.name, 1)
    made = reproduce(ports, lineage, tmp_path / "into", print)
    assert made.equal
    names = {file.name for file in made.files}
    assert {"model.ubj", "features.py", "everfit.json"} < names
    assert json.loads((made.folder / "everfit.json").read_bytes())["snapshot"] == snapshot.id
