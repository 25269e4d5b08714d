"""The target `kserve`: one InferenceService for each model; KServe splits requests between two revisions of it.

KServe knows the version that was rolled out to everybody, and beside it one canary with a whole percentage
(https://kserve.github.io/website/docs/model-serving/predictive-inference/rollout-strategies/canary). So a champion is
rolled out first, and the challenger is the canary then. Which version a revision serves is read from the revision
itself: nothing is remembered elsewhere, and a call that crashed is simply made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from everfit.errors import DeployError, Unreachable
from everfit.ports import Store
from everfit.targets.bundles import Versions, put
from everfit.targets.inference_service import Pod, Service, manifest, version_of
from everfit.targets.kubernetes import Cluster, trust
from everfit.targets.names import dealt_by_chance, resource_name
from everfit.values import Answer, Route

TRIES = 5
LONGEST = 40
CONNECT, SECONDS = 3, 60
FAULTY, SERVER_TROUBLE, AWAY = 400, 500, 503
ALL = 100
CLOSE = 1e-9  # a share is a short decimal number


@dataclass(frozen=True)
class KServe:
    """InferenceServices named `<name>-<model>` in `namespace`; the versions' files lie in `store`, as bundles.

    `gateway` is the address to ask the services at, where their own names do not lead there from here. Revisions start
    within minutes: every `every` seconds the service is asked how far it is, for at most `within` seconds, and the next
    try goes on from there.

    Errors: `DeployError` if a version does not load (KServe leaves the requests where they were), or for a route that
    KServe cannot follow; `Unreachable`.
    """

    namespace: str
    registry: Versions
    store: Store
    pod: Pod
    cluster: Cluster
    name: str = "everfit"
    gateway: str = ""
    within: float = 900
    every: float = 3
    sleep: Callable[[float], None] = time.sleep

    def follow(self, route: Route) -> Mapping[str, int]:
        """Make the service answer by the route, and wait until it does; returns the versions that are loaded.

        The previous champion is not kept loaded: KServe has room for two versions.
        """
        percent = _percent(route)
        challenger = route.challenger if route.challenger != route.champion else None
        stable, canary = (route.champion, challenger) if route.champion is not None else (challenger, None)
        if stable is None:
            self.cluster.delete(self._path(route.model))
            return {}
        if canary is None:
            self._bring(route.model, stable, None)
        else:
            if not self._is_rolled_out(route.model, stable):
                self._bring(route.model, stable, None)
            self._bring(route.model, canary, percent, beside=stable)
        return {alias: v for alias, v in route.aliases.items() if v is not None and v in (stable, canary)}

    def predict(self, model: str, alias: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[Answer]]:
        """Ask the revision that has the alias's version, at its own address; that very version must have answered."""
        version, service = self.registry.route(model).aliases.get(alias), self._service(model)
        if version is None or service is None:
            raise DeployError(f"no version of {model} is deployed in {self.namespace} as its {alias}")
        at = [part for part in service.traffic if self._serves(part.get("revisionName", "")) == version]
        if not at:
            raise DeployError(f"no revision of {model} in {self.namespace} serves version {version}, the {alias}")
        said = self._post(at[0].get("url") or service.url, {"model": model, "alias": "champion", "rows": list(rows)})
        try:
            found, answers = said["version"], list(said["predictions"])
        except (KeyError, TypeError) as error:
            raise DeployError(f"{at[0].get('url')} is no everfit model server: {str(said)[:80]!r}") from error
        if found != version:
            raise DeployError(f"{at[0].get('url')} should serve version {version}; version {found} answered")
        return version, answers

    def service_name(self, model: str) -> str:
        """The name of the model's InferenceService; `latest-<name>-predictor` must be a name in the DNS too."""
        return resource_name(self.name, model, longest=LONGEST)

    def _bring(self, model: str, version: int, percent: int | None, beside: int | None = None) -> None:
        """Have the service ask for this version with this share, and wait until that is so."""
        name = self.service_name(model)
        bundle = put(self.store, self.registry, model, version)
        wanted = manifest(name, version, f"{self.store.url}/{bundle.folder}/", self.pod, percent)
        for _ in range(TRIES):
            there = self._service(model)
            if there is not None and there.has(wanted):
                break
            known = {"resourceVersion": there.resource_version} if there is not None else {}
            self.cluster.apply(self._path(model), wanted | {"metadata": wanted["metadata"] | known})
        self._wait(model, wanted, version, percent, beside)

    def _wait(
        self, model: str, wanted: Mapping[str, Any], version: int, percent: int | None, beside: int | None
    ) -> None:
        for _ in range(max(1, round(self.within / self.every))):
            service = self._service(model)
            if service is None or not service.has(wanted):
                raise Unreachable(f"somebody else changed {model} in {self.namespace} meanwhile; try again")
            if self._serves(service.created) == version:
                if service.failure:
                    raise DeployError(
                        f"version {version} of {model} does not load in {self.namespace}: {service.failure}. What"
                        " answered before answers on"
                    )
                if service.ready == service.created and self._shares(service, percent, beside):
                    return
            self.sleep(self.every)
        raise Unreachable(
            f"version {version} of {model} is not ready in {self.namespace} after {self.within:.0f} s; the next try"
            " goes on from there"
        )

    def _shares(self, service: Service, percent: int | None, beside: int | None) -> bool:
        if percent is None or beside is None:
            return service.rolled_out == service.ready
        shares = {self._serves(part["revisionName"]): part.get("percent") or 0 for part in service.traffic}
        wanted = {self._serves(service.ready): percent} | ({beside: ALL - percent} if percent < ALL else {})
        return shares == wanted

    def _is_rolled_out(self, model: str, version: int) -> bool:
        """Whether a canary beside this version can come: it was rolled out, and nothing else is about to be."""
        service = self._service(model)
        if service is None or self._serves(service.rolled_out) != version:
            return False
        return service.percent is not None or service.version == version

    def _serves(self, revision: str) -> int | None:
        """The version that a revision serves; a revision never changes."""
        if not revision:
            return None
        found = self.cluster.read(f"/apis/serving.knative.dev/v1/namespaces/{self.namespace}/revisions/{revision}")
        return version_of(found["metadata"].get("labels", {})) if found else None

    def _service(self, model: str) -> Service | None:
        found = self.cluster.read(self._path(model))
        return Service(found) if found else None

    def _path(self, model: str) -> str:
        name = self.service_name(model)
        return f"/apis/serving.kserve.io/v1beta1/namespaces/{self.namespace}/inferenceservices/{name}"

    def _post(self, url: str, body: Mapping[str, Any]) -> Any:
        import httpx

        own = urlsplit(url)
        where = urlunsplit((*urlsplit(self.gateway)[:2], "/predict", "", "")) if self.gateway else f"{url}/predict"
        try:
            limits = httpx.Timeout(SECONDS, connect=CONNECT)
            known = trust() if where.startswith("https") else False  # reading certificates takes longer than asking
            answer = httpx.post(where, json=body, headers={"Host": own.netloc}, timeout=limits, verify=known)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unreachable(f"{where} ({own.netloc}) did not answer ({type(error).__name__}: {error})") from error
        if answer.status_code >= FAULTY:
            ours = '"error"' in answer.text[:20] and answer.status_code != AWAY
            kind = Unreachable if answer.status_code >= SERVER_TROUBLE and not ours else DeployError
            raise kind(f"{where} ({own.netloc}) refused ({answer.status_code}): {answer.text[:200]}")
        try:
            return answer.json()
        except ValueError as error:
            raise DeployError(f"{where} ({own.netloc}) is no everfit model server: {answer.text[:80]!r}") from error


def _percent(route: Route) -> int:
    """The challenger's share as KServe takes it; `DeployError` for what KServe has no word for."""
    dealt_by_chance(route, "KServe")
    if "challenger" in route.shadows and route.challenger is not None:
        raise DeployError(f"KServe has no shadows: roll {route.model} out without one, or serve it elsewhere")
    percent = round(route.share * ALL)
    if abs(percent - route.share * ALL) > CLOSE:
        raise DeployError(f"KServe splits by whole percent; the share of the challenger is {route.share:.4%}")
    return percent
