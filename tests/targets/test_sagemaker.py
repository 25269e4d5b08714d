"""SageMaker: against moto's server where it knows the call, taught the rest, and against Amazon's own service model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from everfit.stores import S3Store
from everfit.targets.aws import connect
from everfit.targets.sagemaker import Hosting, SageMaker
from everfit.testing.targets import Killed, TargetConformance
from everfit.values import Route
from tests.services import free_port, s3_server
from tests.targets.account import Account, taught
from tests.targets.conftest import Shelf

HOSTING = Hosting("123456789012.dkr.ecr.eu-west-1.amazonaws.com/everfit:1", "arn:aws:iam::123456789012:role/everfit")
NAME = "everfit-toy"
WRITES = ("Create", "Update", "Delete", "Put")


class SageMakerWorld(Shelf):
    __hash__ = object.__hash__

    model = "toy"
    shadows_too = keeps_previous = True

    def at(self, options: dict[str, Any], account: Account, place: str) -> SageMakerWorld:
        self.options, self.account, self.writes = options, account, []
        self.store = S3Store(f"s3://lake/{place}", **options)
        self.client = cache(self._client)
        self.target = self.using(self.client)
        return self

    def using(self, client: Any) -> SageMaker:
        return SageMaker("everfit", self, self.store, HOSTING, client=client, within=60, sleep=lambda _: None)

    def _client(self, service: str) -> Any:
        client = connect(service, **self.options)
        client.meta.events.register("before-call", self._count)
        return client

    def _count(self, model: Any, **_: Any) -> None:
        if model.name.startswith(WRITES):
            self.writes.append(model.name)

    def endpoint(self) -> Any:
        return self.client("sagemaker").describe_endpoint(EndpointName=NAME)

    def config(self) -> Any:
        name = self.endpoint()["EndpointConfigName"]
        return self.client("sagemaker").describe_endpoint_config(EndpointConfigName=name)

    def shares(self) -> Mapping[int, float]:
        if not self.client("sagemaker").list_endpoints()["Endpoints"]:
            return {}
        weights = {one["VariantName"]: one.get("DesiredWeight", 0) for one in self.endpoint()["ProductionVariants"]}
        versions = {one["VariantName"]: _version(one) for one in self.config()["ProductionVariants"]}
        whole = sum(weights.values())
        return {versions[slot]: weight / whole for slot, weight in weights.items() if weight}

    def shadows(self) -> tuple[int, ...]:
        return tuple(map(_version, self.config().get("ShadowProductionVariants", ())))

    def changes(self) -> int:
        return len(self.writes)

    def dying(self, after: int) -> SageMaker:
        self.left = after
        return self.using(self.mortal)

    @cache  # noqa: B019 - a client takes longer to make than all that it is asked here
    def mortal(self, service: str) -> Any:
        client = connect(service, **self.options)
        client.meta.events.register("before-call", self._die)
        return client

    def _die(self, **_: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    def away(self) -> SageMaker:
        nobody = {**self.options, "endpoint_url": f"http://127.0.0.1:{free_port()}"}
        return self.using(lambda service: connect(service, **nobody))


def _version(variant: Mapping[str, Any]) -> int:
    return int(variant["ModelName"].split("-")[-2].removeprefix("v"))


@pytest.fixture(scope="module")
def amazon() -> Iterator[tuple[dict[str, Any], Account]]:
    with s3_server() as options, taught(options) as account:
        S3Store("s3://lake", **options).client.create_bucket(Bucket="lake")
        yield options, account


@pytest.fixture
def world(amazon: tuple[dict[str, Any], Account], tmp_path: Path) -> Iterator[SageMakerWorld]:
    world = SageMakerWorld(tmp_path).at(*amazon, tmp_path.name)
    yield world
    world.decide(Route("toy"))
    world.target.follow(Route("toy"))


class TestSageMaker(TargetConformance):
    """The suite, with the fixture `world` of this file."""
