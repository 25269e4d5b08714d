"""Plain files as a target, in a folder and in a bucket of a real S3 server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import DeployError, Unreachable
from everfit.ports import Store
from everfit.stores import LocalStore, S3Store, open_store
from everfit.targets.bundles import FILE, Bundle
from everfit.targets.s3_bundle import S3Bundle
from everfit.testing.targets import Killed, TargetConformance
from everfit.values import Route
from tests.services import s3_server
from tests.targets.conftest import Shelf
from tests.toy_model import ROWS


class Counting:
    """A store that counts its changes, and dies instead of asking for more than so many things."""

    def __init__(self, store: Store, dies: float = float("inf")) -> None:
        self.store, self.dies, self.changes = store, dies, 0
        self.url = store.url

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)

        def ask(*arguments: Any) -> Any:
            if self.dies <= 0:
                raise Killed
            self.dies -= 1
            done = method(*arguments)
            self.changes += name in {"write", "delete"} or (name == "create" and done)
            return done

        return ask


class Gone:
    url = "s3://gone"

    def __getattr__(self, name: str) -> Any:
        raise Unreachable("the store does not answer")


class BundleWorld(Shelf):
    model = "toy"
    shadows_too = keeps_previous = True

    def at(self, store: Store) -> BundleWorld:
        self.store = Counting(store)
        self.target = S3Bundle(self.store, self)
        return self

    def said(self) -> Route:
        return self.target.published(self.model).route

    def shares(self) -> Mapping[int, float]:
        route = self.said()
        said = {route.champion: 1 - route.share, route.challenger: route.share}
        return {version: share for version, share in said.items() if version is not None and share}

    def shadows(self) -> tuple[int, ...]:
        route = self.said()
        return tuple(route.aliases[alias] for alias in route.shadows)

    def changes(self) -> int:
        return self.store.changes

    def dying(self, after: int) -> S3Bundle:
        return S3Bundle(Counting(self.store.store, after), self)

    def away(self) -> S3Bundle:
        return S3Bundle(Gone(), self)


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, Any]]:
    with s3_server() as options:
        S3Store("s3://lake", **options).client.create_bucket(Bucket="lake")
        yield options


class TestInAFolder(TargetConformance):
    @pytest.fixture
    def world(self, tmp_path: Path) -> BundleWorld:
        return BundleWorld(tmp_path).at(LocalStore(tmp_path / "bundles"))


class TestInABucket(TargetConformance):
    @pytest.fixture
    def world(self, tmp_path: Path, bucket: dict[str, Any]) -> BundleWorld:
        return BundleWorld(tmp_path).at(open_store(f"s3://lake/{tmp_path.name}", cache=tmp_path / "cache", **bucket))


@pytest.fixture
def world(tmp_path: Path) -> BundleWorld:
    return BundleWorld(tmp_path).at(LocalStore(tmp_path / "bundles"))


def test_a_reader_finds_every_file_by_its_hash(world: BundleWorld, tmp_path: Path) -> None:
    first = world.publish()
    world.target.follow(Route("toy", champion=first))
    said = json.loads((tmp_path / "bundles/toy/route.json").read_bytes())
    assert said["route"]["champion"] == first
    bundle = said["bundles"]["champion"]
    assert sorted(file["name"] for file in bundle["files"]) == [
        "everfit.json",
        "features.py",
        "history/carriers.parquet",
        "model.ubj",
    ]
    assert (tmp_path / "bundles/toy/1/bundle.json").is_file()


def test_a_file_that_somebody_changed_is_never_loaded(world: BundleWorld, tmp_path: Path) -> None:
    first = world.publish()
    world.target.follow(Route("toy", champion=first))
    (tmp_path / "bundles/toy/1/features.py").write_text("INPUTS = []")
    with pytest.raises(DeployError, match=r"version 1 of toy does not load: .*features.py has SHA-256"):
        world.target.predict("toy", "champion", ROWS)


def test_other_bytes_in_the_way_are_not_taken_for_ours(world: BundleWorld, tmp_path: Path) -> None:
    first = world.publish()
    (tmp_path / "bundles/toy/1").mkdir(parents=True)
    (tmp_path / "bundles/toy/1/features.py").write_text("INPUTS = []")
    with pytest.raises(DeployError, match="find out who wrote it"):
        world.target.follow(Route("toy", champion=first))
    assert not (tmp_path / "bundles/toy/route.json").exists()


def test_going_back_needs_no_registry(world: BundleWorld) -> None:
    first, second = world.publish(), world.publish()
    world.target.follow(Route("toy", champion=first))
    world.target.follow(Route("toy", champion=second, previous=first))
    world.folders.clear()
    asked = world.asked
    world.target.follow(Route("toy", champion=first))
    assert world.asked == asked
    assert world.target.predict("toy", "champion", ROWS)[0] == first


def test_a_row_without_an_input(world: BundleWorld) -> None:
    world.target.follow(Route("toy", champion=world.publish()))
    with pytest.raises(DeployError, match="a row has no 'carrier'; wanted hour, carrier, leaves"):
        world.target.predict("toy", "champion", [{"hour": 3}])


def test_what_is_no_json_of_ours(world: BundleWorld) -> None:
    world.store.write("toy/route.json", b"<html>")
    with pytest.raises(DeployError, match=r"toy/route.json says nothing of a route"):
        world.target.predict("toy", "champion", ROWS)
    world.store.write(f"toy/1/{FILE}", b"<html>")
    with pytest.raises(DeployError, match=r"bundle.json does not describe a bundle"):
        world.target.follow(Route("toy", champion=1))


def test_bundles_have_one_spelling() -> None:
    bundle = Bundle("toy", 3, ())
    assert Bundle.read(bundle.to_bytes(), "here") == bundle
    assert bundle.to_bytes() == b'{"files":[],"model":"toy","version":3}'
