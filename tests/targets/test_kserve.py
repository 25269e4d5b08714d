"""KServe: against a small API server that keeps state (see cluster.py), with pods that load what lies in a real S3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from everfit.errors import DeployError, Unreachable
from everfit.stores import S3Store
from everfit.targets.inference_service import Pod, version_of
from everfit.targets.kserve import KServe
from everfit.targets.kubernetes import Cluster
from everfit.testing.targets import Killed, TargetConformance
from everfit.values import Route
from tests.services import free_port, s3_server
from tests.targets.cluster import Cluster as State
from tests.targets.cluster import api_server
from tests.targets.conftest import Shelf
from tests.toy_model import ROWS

TOKEN = "a-token"


class KServeWorld(Shelf):
    model = "toy"
    shadows_too = keeps_previous = False

    def at(self, options: dict[str, Any], place: str, state: State, api: str) -> KServeWorld:
        self.state, self.api = state, api
        self.store = S3Store(f"s3://lake/{place}", **options)
        self.target = self.using(Cluster(api, TOKEN))
        return self

    def using(self, cluster: Cluster, **more: Any) -> KServe:
        said = {"gateway": self.api, "within": 20, "every": 1, "sleep": lambda _: None} | more
        return KServe("models", self, self.store, Pod("everfit:1"), cluster, **said)

    def service(self) -> dict[str, Any]:
        return self.state.services["everfit-toy"]

    def shares(self) -> Mapping[int, float]:
        if not self.state.services:
            return {}
        said: dict[int, float] = {}
        for part in self.service()["status"]["components"]["predictor"].get("traffic", ()):
            version = version_of(self.state.revisions[part["revisionName"]]["metadata"]["labels"])
            said[version] = said.get(version, 0) + part["percent"] / 100
        return {version: share for version, share in said.items() if share}

    def shadows(self) -> tuple[int, ...]:
        return ()

    def changes(self) -> int:
        return len(self.state.writes)

    def dying(self, after: int) -> KServe:
        left = [after]

        def die(_: httpx.Request) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        return self.using(Cluster(self.api, TOKEN, session=httpx.Client(event_hooks={"request": [die]})))

    def away(self) -> KServe:
        nobody = f"http://127.0.0.1:{free_port()}"
        return self.using(Cluster(nobody, TOKEN), gateway=nobody)


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, Any]]:
    with s3_server() as options:
        S3Store("s3://lake", **options).client.create_bucket(Bucket="lake")
        yield options


@pytest.fixture
def world(bucket: dict[str, Any], tmp_path: Path) -> Iterator[KServeWorld]:
    state = State(bucket)
    with api_server(state, TOKEN) as api:
        yield KServeWorld(tmp_path).at(bucket, tmp_path.name, state, api)


class TestKServe(TargetConformance):
    """The suite, with the fixture `world` of this file."""


@pytest.fixture
def split(world: KServeWorld) -> KServeWorld:
    """Version 1 as champion, and a quarter of the requests for 2."""
    for _ in range(3):
        world.publish()
    route = Route("toy", champion=1, challenger=2, share=0.25)
    world.decide(route)
    world.target.follow(route)
    world.state.writes.clear()
    return world


def test_what_is_applied(split: KServeWorld) -> None:
    predictor = split.service()["spec"]["predictor"]
    assert predictor["canaryTrafficPercent"] == 25
    assert predictor["containers"][0]["env"] == [{"name": "STORAGE_URI", "value": f"{split.store.url}/toy/2/"}]
    assert predictor["containers"][0]["args"][:2] == ["--folder", "/mnt/models"]
    assert split.service()["metadata"]["annotations"] == {"serving.kserve.io/enable-tag-routing": "true"}


def test_a_promotion_starts_no_other_pod(split: KServeWorld) -> None:
    revisions = set(split.state.revisions)
    split.target.follow(Route("toy", champion=2, previous=1))
    assert split.shares() == {2: 1}
    assert set(split.state.revisions) == revisions
    assert split.state.writes == ["apply"]


def test_another_challenger_leaves_the_champion_where_it_is(split: KServeWorld) -> None:
    split.target.follow(Route("toy", champion=1, challenger=3, share=0.5))
    assert split.shares() == {1: 0.5, 3: 0.5}
    assert split.state.writes == ["apply"]


def test_a_champion_that_was_never_rolled_out_comes_first(split: KServeWorld) -> None:
    split.target.follow(Route("toy", champion=2, challenger=3, share=0.5))
    assert split.shares() == {2: 0.5, 3: 0.5}
    assert split.state.writes == ["apply", "apply"]


def test_a_share_that_is_no_whole_percent(world: KServeWorld) -> None:
    with pytest.raises(DeployError, match=r"splits by whole percent; the share of the challenger is 0.5000%"):
        world.target.follow(Route("toy", champion=1, challenger=2, share=0.005))


def test_somebody_who_changed_it_meanwhile_is_seen(split: KServeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    apply, seen = split.state.apply, []

    def meddle(path: str, said: dict[str, Any]) -> Any:
        if not seen:
            seen.append(split.service()["metadata"].update(resourceVersion="10000"))
        return apply(path, said)

    monkeypatch.setattr(split.state, "apply", meddle)
    split.target.follow(Route("toy", champion=2, previous=1))
    assert split.shares() == {2: 1}
    assert seen


def test_a_revision_that_is_never_ready(split: KServeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split.state, "_control", lambda _: None)
    with pytest.raises(Unreachable, match="version 2 of toy is not ready in models after 20 s; the next try goes on"):
        split.target.follow(Route("toy", champion=2, previous=1))
    monkeypatch.undo()
    split.target.follow(Route("toy", champion=2, previous=1))
    assert split.shares() == {2: 1}


def test_who_may_not_ask_hears_so(world: KServeWorld) -> None:
    with pytest.raises(Unreachable, match=r"refused GET .*401.*Unauthorized"):
        world.using(Cluster(world.api, "another")).follow(Route("toy", champion=world.publish()))
    with pytest.raises(Unreachable, match=r"there is no token for Kubernetes.*give `token` or `token_file`"):
        world.using(Cluster(world.api, token_file="/nowhere")).follow(Route("toy", champion=1))


def test_a_token_from_a_file(world: KServeWorld, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    cluster = Cluster(world.api, token_file=str(tmp_path / "token"))
    assert world.using(cluster).follow(Route("toy", champion=world.publish())) == {"champion": 1}


def test_an_object_that_the_cluster_refuses(world: KServeWorld) -> None:
    target = replace(world.target, pod=Pod("everfit:1", replicas="many"))
    with pytest.raises(DeployError, match=r"refused PATCH .*422.*'many' is not of type 'integer'"):
        target.follow(Route("toy", champion=world.publish()))


def test_another_version_answers(split: KServeWorld) -> None:
    for revision, (version, predictor) in split.state.pods.items():
        split.state.pods[revision] = (version + 5, predictor)
    with pytest.raises(DeployError, match=r"prev-everfit-toy.* should serve version 1; version 6 answered"):
        split.target.predict("toy", "champion", ROWS)
