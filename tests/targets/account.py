"""moto's SageMaker, taught what it does not know: updates of an endpoint, shadows, and containers that really answer.

A container loads the version's `model.tar.gz` from moto's S3 with our own code; one that cannot makes the endpoint
fail, or go back to what ran before, as Amazon documents it. Every change is seen once before it is through.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from moto.sagemaker import models, responses
from moto.sagemakerruntime import responses as runtime

from everfit.errors import EverfitError
from everfit.predictor import Predictor
from everfit.serving.folder import OneFolder
from everfit.stores import S3Store
from everfit.targets.s3_bundle import answers

LOOKS = 1


class Account:
    """What the taught server knows beyond moto: shadows by configuration, and what is on the way."""

    def __init__(self, s3: dict[str, Any]) -> None:
        self.s3, self.shadows, self.moving, self.reasons = s3, {}, Counter(), {}
        self.deployments: list[dict[str, Any]] = []
        self.running: dict[str, tuple[int, Predictor]] = {}

    def container(self, url: str) -> tuple[int, Predictor]:
        """What runs in a container: the folder of the archive at `url`, served as version so-and-so."""
        if url in self.running:
            return self.running[url]
        bucket, _, key = url.removeprefix("s3://").partition("/")
        body = S3Store(f"s3://{bucket}", **self.s3).client.get_object(Bucket=bucket, Key=key)["Body"].read()
        folder = Path(mkdtemp(prefix="everfit-container-"))
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            tar.extractall(folder, filter="data")
        served = OneFolder("toy", folder)
        served.model_files("", served.bundle.files)
        self.running[url] = served.bundle.version, Predictor.load(folder)
        return self.running[url]

    def start(self, backend: Any, config: Any) -> str:
        """Start all containers of a configuration; why they do not start, "" if they do."""
        for variant in [*config.production_variants, *self.shadows.get(config.endpoint_config_name, [])]:
            try:
                self.container(backend._models[variant["ModelName"]].primary_container["ModelDataUrl"])
            except EverfitError as error:
                return f"The container for {variant['VariantName']} did not pass the ping health check: {error}"
        return ""


@contextmanager
def taught(s3: dict[str, Any]) -> Iterator[Account]:
    """The account behind the S3 (and SageMaker) server that runs in this process."""
    account = Account(s3)
    with pytest.MonkeyPatch.context() as patch:
        for teach in (_configs, _endpoints, _updates, _invocations):
            teach(account, patch)
        yield account


def _configs(account: Account, patch: pytest.MonkeyPatch) -> None:
    kind, make = responses.SageMakerResponse, responses.SageMakerResponse.create_endpoint_config
    describe = kind.describe_endpoint_config

    def create_endpoint_config(self: Any) -> Any:
        made = make(self)
        if shadows := self._get_param("ShadowProductionVariants"):
            assert len(shadows) == len(self._get_param("ProductionVariants")) == 1, "Amazon would refuse"
            account.shadows[self._get_param("EndpointConfigName")] = shadows
        return made

    def describe_endpoint_config(self: Any) -> Any:
        found = describe(self)
        if shadows := account.shadows.get(self._get_param("EndpointConfigName")):
            found._result["ShadowProductionVariants"] = shadows
        return found

    patch.setattr(kind, "create_endpoint_config", create_endpoint_config)
    patch.setattr(kind, "describe_endpoint_config", describe_endpoint_config)


def _endpoints(account: Account, patch: pytest.MonkeyPatch) -> None:
    kind = models.SageMakerModelBackend
    create, describe, weigh = kind.create_endpoint, kind.describe_endpoint, kind.update_endpoint_weights_and_capacities

    def create_endpoint(self: Any, endpoint_name: str, endpoint_config_name: str, tags: Any) -> Any:
        made = create(self, endpoint_name, endpoint_config_name, tags)
        account.moving[endpoint_name] = LOOKS
        account.reasons[endpoint_name] = account.start(self, self.endpoint_configs[endpoint_config_name])
        return made

    def describe_endpoint(self: Any, endpoint_name: str) -> Any:
        found = describe(self, endpoint_name)
        reason, moving = account.reasons.get(endpoint_name), account.moving[endpoint_name]
        account.moving[endpoint_name] = max(0, moving - 1)
        failed = reason and self.endpoints[endpoint_name].endpoint_status != "Kept"
        status = "Updating" if moving else "Failed" if failed else "InService"
        return {**found, "EndpointStatus": status, **({"FailureReason": reason} if reason else {})}

    def update_weights(self: Any, endpoint_name: str, desired_weights_and_capacities: Any) -> Any:
        kept = self.endpoints[endpoint_name].endpoint_status
        done = weigh(self, endpoint_name, desired_weights_and_capacities)
        self.endpoints[endpoint_name].endpoint_status = kept
        account.moving[endpoint_name] = LOOKS
        return done

    patch.setattr(kind, "create_endpoint", create_endpoint)
    patch.setattr(kind, "describe_endpoint", describe_endpoint)
    patch.setattr(kind, "update_endpoint_weights_and_capacities", update_weights)


def _updates(account: Account, patch: pytest.MonkeyPatch) -> None:
    def update_endpoint(self: Any) -> Any:
        backend, name = self.sagemaker_backend, self._get_param("EndpointName")
        config, endpoint = backend.endpoint_configs[self._get_param("EndpointConfigName")], backend.endpoints[name]
        old = {one["VariantName"] for one in endpoint.production_variants}
        if careful := self._get_param("DeploymentConfig"):
            assert old == {one["VariantName"] for one in config.production_variants}, "Amazon would refuse"
            account.deployments.append(careful)
        account.moving[name], account.reasons[name] = LOOKS, account.start(backend, config)
        endpoint.endpoint_status = "Kept" if account.reasons[name] else "InService"
        if not account.reasons[name]:
            endpoint.endpoint_config_name = config.endpoint_config_name
            endpoint.production_variants = endpoint._process_production_variants(config.production_variants)
        return responses.ActionResult({"EndpointArn": endpoint.arn})

    patch.setattr(responses.SageMakerResponse, "update_endpoint", update_endpoint, raising=False)


def _invocations(account: Account, patch: pytest.MonkeyPatch) -> None:
    def invoke_endpoint(self: Any) -> Any:
        backend = models.sagemaker_backends[self.current_account][self.region]
        endpoint = backend.endpoints[self.path.split("/")[2]]
        config = backend.endpoint_configs[endpoint.endpoint_config_name]
        variant = self.headers["X-Amzn-SageMaker-Target-Variant"]
        (model,) = [one["ModelName"] for one in config.production_variants if one["VariantName"] == variant]
        version, predictor = account.container(backend._models[model].primary_container["ModelDataUrl"])
        said = {"version": version, "predictions": answers(predictor, json.loads(self.body)["rows"])}
        headers = {"Content-Type": "application/json", "x-Amzn-Invoked-Production-Variant": variant}
        return 200, headers, json.dumps(said)

    patch.setattr(runtime.SageMakerRuntimeResponse, "invoke_endpoint", invoke_endpoint)
