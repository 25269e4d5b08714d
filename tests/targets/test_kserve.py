"""KServe: against a small API server that keeps state (see cluster.py), with pods that load what lies in a real S3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from everfit.stores import S3Store
from everfit.targets.inference_service import Pod, version_of
from everfit.targets.kserve import KServe
from everfit.targets.kubernetes import Cluster
from everfit.testing.targets import Killed, TargetConformance
from tests.services import free_port, s3_server
from tests.targets.cluster import Cluster as State
from tests.targets.cluster import api_server
from tests.targets.conftest import Shelf

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
