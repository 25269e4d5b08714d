"""KServe's `InferenceService` (serving.kserve.io/v1beta1): what we write into one, and what one says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = "everfit/version"
"""The label of a revision with the version that it serves; KServe hands the predictor's labels on to its revisions."""
PORT = 8080
FAILED = frozenset({"BlockedByFailedLoad", "InvalidSpec"})


@dataclass(frozen=True)
class Pod:
    """What the versions run on: the image of everfit's model server, how many of them, and the service account that
    may read the bundles ("" for the namespace's own)."""

    image: str
    replicas: int = 1
    service_account: str = ""


def manifest(name: str, version: int, files: str, pod: Pod, percent: int | None) -> dict[str, Any]:
    """The service with the version whose files are at the address `files`; with `percent` it is a canary beside the
    version that was rolled out before.

    Nothing else that changes is in the metadata: KServe copies that to the revisions, and a new revision would come of
    a promotion.
    """
    container = {
        "name": "kserve-container",
        "image": pod.image,
        "command": ["python", "-m", "everfit.serving"],
        "args": ["--folder", "/mnt/models", "--behind", "kserve", "--host", "0.0.0.0", "--port", str(PORT)],  # noqa: S104
        "env": [{"name": "STORAGE_URI", "value": files}],  # KServe puts what is there under /mnt/models
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": PORT}},
    }
    predictor = {
        "labels": {VERSION: str(version)},
        "minReplicas": pod.replicas,
        "containers": [container],
        **({"serviceAccountName": pod.service_account} if pod.service_account else {}),
        **({} if percent is None else {"canaryTrafficPercent": percent}),
    }
    annotations = {"serving.kserve.io/enable-tag-routing": "true"}  # each revision gets an address of its own
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"predictor": predictor},
    }


@dataclass(frozen=True)
class Service:
    """An InferenceService as the cluster gives it."""

    said: Mapping[str, Any]

    @property
    def resource_version(self) -> str:
        """Changes whenever the object does."""
        return str(self.said["metadata"]["resourceVersion"])

    @property
    def version(self) -> int | None:
        """The version that its spec asks for."""
        return version_of(self._predictor.get("labels", {}))

    @property
    def percent(self) -> int | None:
        """The share that its spec gives to that version; None for all."""
        return self._predictor.get("canaryTrafficPercent")

    @property
    def created(self) -> str:
        """The newest revision."""
        return str(self._component.get("latestCreatedRevision", ""))

    @property
    def ready(self) -> str:
        """The newest revision that can answer."""
        return str(self._component.get("latestReadyRevision", ""))

    @property
    def rolled_out(self) -> str:
        """The newest revision that every request went to."""
        return str(self._component.get("latestRolledoutRevision", ""))

    @property
    def traffic(self) -> list[Mapping[str, Any]]:
        """Revision, percent and address of each part of the requests."""
        return list(self._component.get("traffic") or ())

    @property
    def url(self) -> str:
        """Where callers ask."""
        return str(self.said.get("status", {}).get("url", ""))

    @property
    def failure(self) -> str:
        """Why the newest revision does not load, "" if nothing says that it does not."""
        status = self.said.get("status", {})
        model = status.get("modelStatus", {})
        last = model.get("lastFailureInfo", {})
        if model.get("transitionStatus") in FAILED and last.get("modelRevisionName", self.created) == self.created:
            return str(last.get("message") or model["transitionStatus"])
        for condition in status.get("conditions", ()):
            message = str(condition.get("message", ""))
            if condition["status"] == "False" and self.created and f'"{self.created}" failed' in message:
                return message
        return ""

    def has(self, wanted: Mapping[str, Any]) -> bool:
        """Whether its spec says all that the manifest does, and no share where that says none."""
        spec = wanted["spec"]
        return _covers(self.said["spec"], spec) and self.percent == spec["predictor"].get("canaryTrafficPercent")

    @property
    def _predictor(self) -> Mapping[str, Any]:
        return dict(self.said["spec"].get("predictor", {}))

    @property
    def _component(self) -> Mapping[str, Any]:
        return dict(self.said.get("status", {}).get("components", {}).get("predictor", {}))


def version_of(labels: Mapping[str, str]) -> int | None:
    """The version that labels name; None where they name none.

    >>> version_of({"everfit/version": "12"}), version_of({})
    (12, None)
    """
    said = labels.get(VERSION, "")
    return int(said) if said.isdigit() else None


def _covers(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted was found; a cluster adds defaults of its own."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(_covers(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_covers, found, wanted))
    return bool(found == wanted)
