"""The target `sagemaker`: one real-time endpoint for each model, with a production variant for each version.

An endpoint has two slots, the variants `a` and `b`: one for the champion, one for the challenger or, where there is
none, for the previous champion. So promoting and going back only move weights, which takes seconds, and a new version
takes the place of one that nobody is sent to: the names of the variants stay, which SageMaker's deployment guardrails
want (https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html). Names of models and
configurations follow from what they hold, so that a call which crashed is simply made again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from everfit.errors import DeployError, Unreachable
from everfit.ports import Store
from everfit.targets.archive import put_archive
from everfit.targets.aws import asking, connect, is_missing, is_there
from everfit.targets.bundles import Versions
from everfit.targets.guardrails import Guardrails
from everfit.targets.names import dealt_by_chance, resource_name
from everfit.targets.variants import Loaded, Placed, in_slots, wanted
from everfit.values import Answer, Route, digest

MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
SETTLED, BROKEN = "InService", frozenset({"Failed", "OutOfService"})
CLOSE = 1e-6  # weights travel in single precision
TRIES = 5


@dataclass(frozen=True)
class Hosting:
    """What the versions run on: the image of a container that serves a model folder (see the how-to page), the role it
    runs as, and the machines."""

    image: str
    role: str
    instance: str = "ml.m5.large"
    count: int = 1


@dataclass(frozen=True)
class SageMaker:
    """Endpoints named `<name>-<model>`; their model data (`model.tar.gz`) lie in `store`, which must be on S3.

    `client` gives a boto3 client by the name of its service. Changes of an endpoint take minutes: every `every` seconds
    it is asked how far it is, for at most `within` seconds, and the next try goes on from there.

    Errors: `DeployError` if a version does not start (SageMaker goes back to what ran before), or for a route that
    SageMaker cannot follow; `Unreachable`.
    """

    name: str
    registry: Versions
    store: Store
    hosting: Hosting
    guardrails: Guardrails = field(default_factory=Guardrails)
    client: Callable[[str], Any] = connect
    within: float = 1800
    every: float = 10
    sleep: Callable[[float], None] = time.sleep

    def follow(self, route: Route) -> Mapping[str, int]:
        """Make the endpoint answer by the route, and wait until it does; returns the versions that are loaded."""
        dealt_by_chance(route, "SageMaker")
        endpoint, loaded = self.endpoint(route.model), wanted(route)
        if not loaded.versions:
            self._remove(endpoint)
            return {}
        models = {version: self._model(route.model, version) for version in loaded.versions}
        for _ in range(TRIES):
            if self._step(endpoint, loaded, models):
                return {alias: v for alias, v in route.aliases.items() if v in models}
        raise Unreachable(f"the endpoint {endpoint} was changed by somebody else {TRIES} times meanwhile; try again")

    def predict(self, model: str, alias: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[Answer]]:
        """Ask the variant that has the alias's version; that very variant must have answered."""
        endpoint, version = self.endpoint(model), self.registry.route(model).aliases.get(alias)
        if version is None:
            raise DeployError(f"no version of {model} is its {alias}, so {endpoint} cannot be asked for it")
        described = self._describe(endpoint)
        if described is None:
            raise DeployError(f"there is no endpoint {endpoint}: nothing of {model} was deployed there")
        name = self._model_name(model, version)
        slots = [
            v["VariantName"] for v in self._config(described).get("ProductionVariants", ()) if v["ModelName"] == name
        ]
        if not slots:
            raise DeployError(
                f"the endpoint {endpoint} has no variant with version {version}, the {alias}, to be asked"
            )
        return version, self._invoke(
            endpoint, slots[0], {"model": model, "alias": "champion", "rows": list(rows)}, version
        )

    def endpoint(self, model: str) -> str:
        """The name of the model's endpoint."""
        return resource_name(self.name, model)

    def _step(self, endpoint: str, loaded: Loaded, models: Mapping[int, str]) -> bool:
        """One change on the way to what is wanted; True once there is nothing left to do."""
        described = self._settled(endpoint)
        if described is not None and described["EndpointStatus"] in BROKEN:
            self._remove(endpoint)
            described = None
        there = Placed.read(self._config(described)) if described else Placed()
        placed = in_slots(loaded, models, there)
        if described is None or not there.same(placed):
            self._change(endpoint, described, there, placed)
            return False
        now = {v["VariantName"]: float(v.get("DesiredWeight", 0)) for v in described["ProductionVariants"]}
        if all(abs(now.get(slot, 0) - weight) < CLOSE for slot, weight in placed.weights.items()):
            return True
        weights = [{"VariantName": slot, "DesiredWeight": weight} for slot, weight in placed.weights.items()]
        change = {"EndpointName": endpoint, "DesiredWeightsAndCapacities": weights}
        self._ask("update_endpoint_weights_and_capacities", change, f"move the weights of {endpoint}")
        return False

    def _change(self, endpoint: str, described: Mapping[str, Any] | None, there: Placed, placed: Placed) -> None:
        """Bring other versions onto the endpoint, and wait until they are; `DeployError` if SageMaker went back."""
        config = self._configure(endpoint, placed)
        if described is None:
            create = {"EndpointName": endpoint, "EndpointConfigName": config}
            self._ask("create_endpoint", create, f"make the endpoint {endpoint}")
        else:
            careful = self.guardrails.of(endpoint, placed.names) if there.names == placed.names else None
            if careful:
                self.guardrails.watch(self.client("cloudwatch"), endpoint, placed.names)
            change = {
                "EndpointName": endpoint,
                "EndpointConfigName": config,
                "RetainAllVariantProperties": True,  # instances that autoscaling has added stay
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
                **({"DeploymentConfig": careful} if careful else {}),
            }
            self._ask("update_endpoint", change, f"bring other versions onto {endpoint}")
        now = self._settled(endpoint)
        if now is None or now["EndpointStatus"] != SETTLED or now["EndpointConfigName"] != config:
            why = (now or {}).get("FailureReason", "SageMaker does not say why")
            raise DeployError(
                f"{endpoint} did not come to serve {', '.join(sorted(placed.models.values()))}: {why}. What served"
                " before serves on; the container's log is in CloudWatch"
            )

    def _configure(self, endpoint: str, placed: Placed) -> str:
        hosts = {"InstanceType": self.hosting.instance, "InitialInstanceCount": self.hosting.count}
        body = placed.variants(hosts)
        name = resource_name(endpoint[:50].rstrip("-"), digest(body)[:12])
        self._create("endpoint_config", f"{endpoint}'s configuration", {"EndpointConfigName": name, **body})
        return name

    def _model(self, model: str, version: int) -> str:
        """Have the version as a model of SageMaker's; returns its name."""
        name = self._model_name(model, version)
        container = {
            "Image": self.hosting.image,
            "ModelDataUrl": put_archive(self.store, self.registry, model, version),
        }
        body = {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": self.hosting.role}
        self._create("model", f"version {version} of {model}", body)
        return name

    def _model_name(self, model: str, version: int) -> str:
        made_of = digest([model, self.hosting.image, self.hosting.role, self.store.url])[:8]
        return resource_name(self.endpoint(model)[:40].rstrip("-"), f"v{version}", made_of)

    def _create(self, what: str, name: str, body: Mapping[str, Any]) -> None:
        """Create unless it is there: its name says what it holds."""
        key = next(iter(body))
        try:
            self._ask(f"describe_{what}", {key: body[key]}, f"look for {name}")
        except DeployError as error:
            if not is_missing(error):
                raise
            try:
                self._ask(f"create_{what}", body, f"make {name}")
            except DeployError as raced:
                if not is_there(raced):
                    raise

    def _config(self, described: Mapping[str, Any]) -> Any:
        name = described["EndpointConfigName"]
        return self._ask("describe_endpoint_config", {"EndpointConfigName": name}, f"read the configuration {name}")

    def _describe(self, endpoint: str) -> Any:
        try:
            return self._ask("describe_endpoint", {"EndpointName": endpoint}, f"look at the endpoint {endpoint}")
        except DeployError as error:
            if is_missing(error):
                return None
            raise

    def _settled(self, endpoint: str) -> Any:
        """The endpoint once nothing moves there, None if there is none; `Unreachable` if that takes too long."""
        for _ in range(max(1, round(self.within / self.every))):
            described = self._describe(endpoint)
            if described is None or described["EndpointStatus"] not in MOVING:
                return described
            self.sleep(self.every)
        raise Unreachable(
            f"the endpoint {endpoint} is {described['EndpointStatus']} for more than {self.within:.0f} s; the next try"
            " goes on from there"
        )

    def _remove(self, endpoint: str) -> None:
        if self._settled(endpoint) is None:
            return
        self._ask("delete_endpoint", {"EndpointName": endpoint}, f"remove the endpoint {endpoint}")
        self._settled(endpoint)

    def _invoke(self, endpoint: str, slot: str, question: Mapping[str, Any], version: int) -> list[Answer]:
        with asking(f"ask variant {slot} of {endpoint}"):
            said = self.client("sagemaker-runtime").invoke_endpoint(
                EndpointName=endpoint,
                TargetVariant=slot,
                ContentType="application/json",
                Body=json.dumps(question).encode(),
            )
            text = said["Body"].read()
        try:
            answer = json.loads(text)
            found, answers = answer["version"], list(answer["predictions"])
        except (ValueError, KeyError, TypeError) as error:
            raise DeployError(f"variant {slot} of {endpoint} is no everfit model server: {text[:80]!r}") from error
        if (said.get("InvokedProductionVariant", slot), found) != (slot, version):
            raise DeployError(
                f"{endpoint} was asked for version {version} in variant {slot}; version {found} in variant"
                f" {said.get('InvokedProductionVariant')} answered"
            )
        return answers

    def _ask(self, method: str, arguments: Mapping[str, Any], what: str) -> Any:
        with asking(what):
            return partial(getattr(self.client("sagemaker"), method), **arguments)()
