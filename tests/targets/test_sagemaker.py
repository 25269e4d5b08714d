"""SageMaker: against moto's server where it knows the call, taught the rest, and against Amazon's own service model."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from everfit.errors import DeployError, Unreachable
from everfit.stores import LocalStore, S3Store
from everfit.targets.archive import archive
from everfit.targets.aws import connect
from everfit.targets.bundles import Bundle
from everfit.targets.sagemaker import Hosting, SageMaker
from everfit.testing.targets import Killed, TargetConformance
from everfit.values import Route, digest
from tests.services import free_port, s3_server
from tests.targets.account import Account, taught
from tests.targets.conftest import Shelf
from tests.toy_model import ROWS

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


@pytest.fixture
def promoted(world: SageMakerWorld) -> SageMakerWorld:
    """An endpoint with version 2 as champion, and 1 before it."""
    for _ in range(3):
        world.publish()
    for route in (Route("toy", champion=1), Route("toy", champion=2, previous=1)):
        world.decide(route)
        world.target.follow(route)
    world.writes.clear()
    return world


def test_promoting_and_going_back_only_move_weights(promoted: SageMakerWorld) -> None:
    trial = Route("toy", champion=2, challenger=3, previous=1)
    assert promoted.target.follow(trial) == {"champion": 2, "challenger": 3}
    promoted.writes.clear()
    asked = promoted.asked
    promoted.target.follow(Route("toy", champion=3, previous=2))
    assert promoted.target.follow(Route("toy", champion=2, previous=3)) == {"champion": 2, "previous": 3}
    assert promoted.writes == ["UpdateEndpointWeightsAndCapacities"] * 2
    assert promoted.asked == asked, "and need nothing of the registry"


def test_a_new_version_comes_under_guardrails(promoted: SageMakerWorld) -> None:
    promoted.account.deployments.clear()
    promoted.target.follow(Route("toy", champion=2, challenger=3, previous=1))
    assert "PutMetricAlarm" in promoted.writes
    (careful,) = promoted.account.deployments
    names = [one["AlarmName"] for one in careful["AutoRollbackConfiguration"]["Alarms"]]
    assert names == ["everfit/everfit-toy/a/failed-requests", "everfit/everfit-toy/b/failed-requests"]
    alarms = promoted.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert [alarm["MetricName"] for alarm in alarms] == ["Invocation5XXErrors"] * 2
    assert {"Name": "VariantName", "Value": "b"} in alarms[1]["Dimensions"]


def test_a_champion_shadows_the_previous_one_until_a_challenger_comes(promoted: SageMakerWorld) -> None:
    promoted.target.follow(Route("toy", champion=2, previous=1, shadows=("previous",)))
    assert (promoted.shares(), promoted.shadows()) == ({2: 1}, (1,))
    promoted.target.follow(Route("toy", champion=2, previous=1, challenger=3, shadows=("previous",)))
    assert (promoted.shares(), promoted.shadows()) == ({2: 1}, ())


def test_a_shadow_cannot_be_asked(promoted: SageMakerWorld) -> None:
    route = Route("toy", champion=2, challenger=3, shadows=("challenger",))
    promoted.decide(route)
    promoted.target.follow(route)
    with pytest.raises(DeployError, match="has no variant with version 3, the challenger, to be asked"):
        promoted.target.predict("toy", "challenger", ROWS)


def test_an_endpoint_that_somebody_broke_is_made_anew(promoted: SageMakerWorld) -> None:
    promoted.account.reasons[NAME] = "the machine is gone"
    route = Route("toy", champion=2, previous=1)
    promoted.decide(route)
    promoted.target.follow(route)
    assert [write for write in promoted.writes if "Config" not in write] == ["DeleteEndpoint", "CreateEndpoint"]
    assert promoted.target.predict("toy", "champion", ROWS)[0] == 2


def test_a_change_that_takes_too_long_is_gone_on_with_later(promoted: SageMakerWorld) -> None:
    promoted.account.moving[NAME] = 10_000
    with pytest.raises(Unreachable, match="is Updating for more than 60 s; the next try goes on from there"):
        promoted.target.follow(Route("toy", champion=2, previous=1))
    promoted.account.moving[NAME] = 0
    promoted.target.follow(Route("toy", champion=2, previous=1))
    assert promoted.writes == []


# Amazon's own service model checks every request and answer here; moto does not know these calls.

DESCRIBED = {
    "EndpointName": NAME,
    "EndpointArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/everfit-toy",
    "EndpointConfigName": "before",
    "EndpointStatus": "InService",
    "CreationTime": 0,
    "LastModifiedTime": 0,
}


class Stubbed:
    """boto3 clients that are never sent anywhere: each call is compared with what is expected, in order."""

    def __init__(self) -> None:
        keys = {"region_name": "eu-west-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
        self.clients = {name: connect(name, **keys) for name in ("sagemaker", "cloudwatch", "sagemaker-runtime")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def expect(self, method: str, answer: dict[str, Any], asked: dict[str, Any] | None = None, at: str = "") -> None:
        self.stubs[at or "sagemaker"].add_response(method, answer, asked)

    def refuse(self, method: str, code: str, message: str = "", at: str = "") -> None:
        self.stubs[at or "sagemaker"].add_client_error(method, code, message)

    def done(self) -> None:
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def stubbed(tmp_path: Path) -> tuple[Stubbed, SageMaker]:
    stubs, shelf = Stubbed(), Shelf(tmp_path)
    shelf.publish()
    shelf.publish()
    shelf.decide(Route("toy", champion=2, previous=1))
    with_s3 = InBucket(tmp_path)
    target = SageMaker("everfit", shelf, with_s3, HOSTING, client=stubs.clients.__getitem__, sleep=lambda _: None)
    return stubs, target


class InBucket(LocalStore):
    """A folder that says it is a bucket: what lies there is not asked for in these tests."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = "s3://lake/models"


def _variant(target: SageMaker, slot: str, version: int, weight: float) -> dict[str, Any]:
    name = {"VariantName": slot, "ModelName": target._model_name("toy", version), "InitialVariantWeight": weight}
    return {**name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


def _config(name: str, **lists: Any) -> dict[str, Any]:
    arn = f"arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/{name}"
    return {"EndpointConfigName": name, "EndpointConfigArn": arn, "CreationTime": 0, **lists}


def _expect_models(stubs: Stubbed, target: SageMaker, *versions: int) -> None:
    for version in versions:
        name = target._model_name("toy", version)
        arn = "arn:aws:sagemaker:eu-west-1:123456789012:model/m"
        container = {"Image": HOSTING.image, "ModelDataUrl": f"s3://lake/models/toy/{version}/model.tar.gz"}
        stubs.refuse("describe_model", "ValidationException", f'Could not find model "{name}".')
        body = {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": HOSTING.role}
        stubs.expect("create_model", {"ModelArn": arn}, body)


def test_an_update_under_guardrails_as_amazon_wants_it(stubbed: tuple[Stubbed, SageMaker]) -> None:
    stubs, target = stubbed
    _expect_models(stubs, target, 2, 1)
    stubs.expect("describe_endpoint", DESCRIBED)
    stubs.expect(
        "describe_endpoint_config",
        _config("before", ProductionVariants=[_variant(target, "a", 7, 1.0), _variant(target, "b", 1, 0.0)]),
    )
    after = [_variant(target, "a", 2, 1.0), _variant(target, "b", 1, 0.0)]
    stubs.refuse("describe_endpoint_config", "ValidationException", "Could not find endpoint configuration")
    config = _named(target, after)
    stubs.expect(
        "create_endpoint_config",
        {"EndpointConfigArn": _config(config)["EndpointConfigArn"]},
        {"EndpointConfigName": config, "ProductionVariants": after},
    )
    for _ in "ab":
        stubs.expect("put_metric_alarm", {}, at="cloudwatch")
    alarms = [{"AlarmName": f"everfit/{NAME}/{slot}/failed-requests"} for slot in "ab"]
    policy = {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
        "TerminationWaitInSeconds": 300,
        "MaximumExecutionTimeoutInSeconds": 1800,
    }
    stubs.expect(
        "update_endpoint",
        {"EndpointArn": DESCRIBED["EndpointArn"]},
        {
            "EndpointName": NAME,
            "EndpointConfigName": config,
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            "DeploymentConfig": {"BlueGreenUpdatePolicy": policy, "AutoRollbackConfiguration": {"Alarms": alarms}},
        },
    )
    stubs.expect("describe_endpoint", DESCRIBED | {"EndpointStatus": "Updating"})
    stubs.expect("describe_endpoint", DESCRIBED | {"FailureReason": "alarm everfit/everfit-toy/a went off"})
    with pytest.raises(DeployError, match=r"did not come to serve .*alarm everfit.* went off. What served before"):
        target.follow(Route("toy", champion=2, previous=1))
    stubs.done()


def test_a_shadow_as_amazon_wants_it(stubbed: tuple[Stubbed, SageMaker]) -> None:
    stubs, target = stubbed
    _expect_models(stubs, target, 1, 2)
    stubs.refuse("describe_endpoint", "ValidationException", 'Could not find endpoint "x".')
    stubs.refuse("describe_endpoint_config", "ValidationException", "Could not find endpoint configuration")
    champion, shadow = [_variant(target, "a", 1, 1.0)], [_variant(target, "b", 2, 1.0)]
    config = _named(target, champion, shadow)
    lists = {"ProductionVariants": champion, "ShadowProductionVariants": shadow}
    stubs.expect(
        "create_endpoint_config",
        {"EndpointConfigArn": _config(config)["EndpointConfigArn"]},
        {"EndpointConfigName": config, **lists},
    )
    made = {"EndpointName": NAME, "EndpointConfigName": config}
    stubs.expect("create_endpoint", {"EndpointArn": DESCRIBED["EndpointArn"]}, made)
    weights = [{"VariantName": "a", "CurrentWeight": 1.0, "DesiredWeight": 1.0}]
    settled = DESCRIBED | made | {"ProductionVariants": weights}
    for _ in range(2):
        stubs.expect("describe_endpoint", settled)
    stubs.expect("describe_endpoint_config", _config(config, **lists))
    route = Route("toy", champion=1, challenger=2, shadows=("challenger",))
    assert target.follow(route) == {"champion": 1, "challenger": 2}
    stubs.done()


def _named(target: SageMaker, variants: list[dict[str, Any]], shadows: list[dict[str, Any]] | None = None) -> str:
    body = {"ProductionVariants": variants} | ({"ShadowProductionVariants": shadows} if shadows else {})
    return f"{NAME}-{digest(body)[:12]}"


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("ModelError", DeployError, "ask variant a of everfit-toy"),
        ("ValidationError", DeployError, "ask variant a of everfit-toy"),
        ("ServiceUnavailable", Unreachable, "Amazon answered"),
        ("ThrottlingException", Unreachable, "Amazon answered"),
        ("AccessDeniedException", Unreachable, "Amazon answered"),
    ],
)
def test_what_an_answer_of_amazon_means(
    stubbed: tuple[Stubbed, SageMaker], code: str, error: type[Exception], message: str
) -> None:
    stubs, target = stubbed
    stubs.expect("describe_endpoint", DESCRIBED)
    stubs.expect("describe_endpoint_config", _config("before", ProductionVariants=[_variant(target, "a", 2, 1.0)]))
    stubs.refuse("invoke_endpoint", code, at="sagemaker-runtime")
    with pytest.raises(error, match=message):
        target.predict("toy", "champion", ROWS)


@pytest.mark.parametrize(
    ("body", "variant", "message"),
    [
        (b'{"version": 1, "predictions": [1, 2, 3]}', "a", r"asked for version 2 in variant a; version 1"),
        (b'{"version": 2, "predictions": [1, 2, 3]}', "b", r"version 2 in variant b answered"),
        (b"<html>", "a", r"is no everfit model server: b'<html>'"),
        (b"[1]", "a", r"is no everfit model server"),
    ],
)
def test_another_one_answers(stubbed: tuple[Stubbed, SageMaker], body: bytes, variant: str, message: str) -> None:
    stubs, target = stubbed
    stubs.expect("describe_endpoint", DESCRIBED)
    stubs.expect("describe_endpoint_config", _config("before", ProductionVariants=[_variant(target, "a", 2, 1.0)]))
    asked = {"EndpointName": NAME, "TargetVariant": "a", "ContentType": "application/json", "Body": ANY}
    answer = {"Body": StreamingBody(io.BytesIO(body), len(body)), "InvokedProductionVariant": variant}
    stubs.expect("invoke_endpoint", answer, asked, at="sagemaker-runtime")
    with pytest.raises(DeployError, match=message):
        target.predict("toy", "champion", ROWS)


def test_the_archive_is_the_same_bytes_at_any_time(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    version = shelf.version("toy", shelf.publish())
    folder, bundle = shelf.folders[1], Bundle("toy", 1, version.files)
    copied = Path(shutil.copytree(folder, tmp_path / "later", copy_function=shutil.copyfile))
    os.utime(copied / "features.py", (0, 0))
    made = archive(folder, bundle)
    assert made == archive(copied, bundle)
    with tarfile.open(fileobj=io.BytesIO(made)) as tar:
        assert tar.getnames() == sorted([*(file.name for file in version.files), "bundle.json"])
        assert {(one.mtime, one.uid, one.gid, one.mode) for one in tar} == {(0, 0, 0, 0o644)}


def test_models_have_to_lie_in_s3(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    target = SageMaker("everfit", shelf, LocalStore(tmp_path), HOSTING, client=lambda _: None)
    with pytest.raises(DeployError, match="SageMaker reads models from S3"):
        target.follow(Route("toy", champion=shelf.publish()))
