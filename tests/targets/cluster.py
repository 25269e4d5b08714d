"""A Kubernetes API server with KServe's controller, small but keeping state.

It applies on the server's side (fields that the manager does not say any more go), refuses an old `resourceVersion`
with 409, and checks every InferenceService against the fields of the published schema. Its controller makes revisions,
loads their files from S3 and splits requests as KServe's own does (ksvc_reconciler.go and PropagateStatus in
github.com/kserve/kserve), one step at each look. Requests find their revision by the Host header.
"""

from __future__ import annotations

import copy
import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urlsplit

import jsonschema

from everfit.errors import EverfitError
from everfit.predictor import Predictor
from everfit.serving.folder import OneFolder
from everfit.stores import S3Store
from everfit.targets.s3_bundle import answers

SCHEMA = json.loads(Path(__file__).with_name("inference_service.schema.json").read_bytes())
SERVICES, REVISIONS = "/apis/serving.kserve.io/v1beta1/", "/apis/serving.knative.dev/v1/"
DOMAIN = "models.example.com"


class Cluster:
    """The state: InferenceServices and revisions by name, and what runs in each revision's pod."""

    def __init__(self, s3: Mapping[str, Any]) -> None:
        self.s3, self.lock = s3, threading.Lock()
        self.services: dict[str, dict[str, Any]] = {}
        self.revisions: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, tuple[int, Predictor] | str] = {}
        self.running: dict[str, tuple[int, Predictor] | str] = {}
        self.writes: list[str] = []
        self.clock = 0

    def read(self, path: str) -> tuple[int, Any]:
        name = path.rpartition("/")[2]
        if path.startswith(REVISIONS):
            return (200, self.revisions[name]) if name in self.revisions else _missing(name)
        if name not in self.services:
            return _missing(name)
        seen = copy.deepcopy(self.services[name])
        self._control(self.services[name])
        return 200, seen

    def apply(self, path: str, said: dict[str, Any]) -> tuple[int, Any]:
        name, there = path.rpartition("/")[2], self.services.get(path.rpartition("/")[2])
        known = said["metadata"].pop("resourceVersion", None)
        if known is not None and (there is None or there["metadata"]["resourceVersion"] != known):
            return 409, {"message": f"the object {name} has been modified; please apply your changes to the latest"}
        try:
            jsonschema.validate(said, SCHEMA)
        except jsonschema.ValidationError as error:
            return 422, {"message": f"InferenceService is invalid: {error.message}"}
        self.writes.append("apply")
        self.clock += 1
        meta = {**said["metadata"], "resourceVersion": str(self.clock)}
        same = there is not None and there["spec"] == _defaulted(said["spec"])
        generation = (there["metadata"]["generation"] if there else 0) + (not same)
        self.services[name] = {
            **said,
            "spec": _defaulted(said["spec"]),
            "metadata": {**meta, "generation": generation},
            "status": there["status"] if there else {},
        }
        return 200, self.services[name]

    def delete(self, path: str) -> tuple[int, Any]:
        name = path.rpartition("/")[2]
        if self.services.pop(name, None) is None:
            return _missing(name)
        self.writes.append("delete")
        return 200, {"status": "Success"}

    def _control(self, service: dict[str, Any]) -> None:
        """One step of the controllers: a revision for a new template, or its pod, or the requests."""
        before = copy.deepcopy(service["status"])
        name, predictor = service["metadata"]["name"], copy.deepcopy(service["spec"]["predictor"])
        percent = predictor.pop("canaryTrafficPercent", None)
        part = service["status"].setdefault("components", {}).setdefault("predictor", {})
        newest = self.revisions.get(part.get("latestCreatedRevision", ""))
        if newest is None or newest["spec"] != predictor:
            self.clock += 1
            revision = f"{name}-predictor-{self.clock:05}"
            labels = {**predictor.get("labels", {}), "serving.knative.dev/service": f"{name}-predictor"}
            self.revisions[revision] = {"metadata": {"name": revision, "labels": labels}, "spec": predictor}
            part["latestCreatedRevision"] = revision
        elif newest["metadata"]["name"] not in self.pods:
            revision = newest["metadata"]["name"]
            self.pods[revision] = self._started(predictor)
        else:
            self._split(service, part, percent)
        if service["status"] != before:
            self.clock += 1
            service["metadata"]["resourceVersion"] = str(self.clock)

    def _split(self, service: dict[str, Any], part: dict[str, Any], percent: int | None) -> None:
        created, status = part["latestCreatedRevision"], service["status"]
        ran = self.pods[created]
        if isinstance(ran, str):
            last = {"message": ran, "modelRevisionName": created, "reason": "ModelLoadFailed"}
            status["modelStatus"] = {"transitionStatus": "BlockedByFailedLoad", "lastFailureInfo": last}
        else:
            status["modelStatus"] = {"transitionStatus": "UpToDate"}
            part["latestReadyRevision"] = created
        ready, before = part.get("latestReadyRevision"), part.get("latestRolledoutRevision")
        if ready is None:
            return
        share = percent if percent is not None and before else 100
        host = f"{service['metadata']['name']}-predictor.{DOMAIN}"
        latest = {"revisionName": ready, "latestRevision": True, "percent": share, "tag": "latest"}
        part["traffic"] = [{**latest, "url": f"http://latest-{host}"}]
        if share < 100:
            rest = {"revisionName": before, "latestRevision": False, "percent": 100 - share, "tag": "prev"}
            part["traffic"].append({**rest, "url": f"http://prev-{host}"})
        if share == 100 and before != ready:
            part["previousRolledoutRevision"], part["latestRolledoutRevision"] = before or "", ready
        status["url"] = f"http://{host}"

    def _started(self, predictor: Mapping[str, Any]) -> tuple[int, Predictor] | str:
        """What runs in a pod of the revision, or why nothing does; the storage initializer takes what the URI names."""
        (uri,) = [one["value"] for one in predictor["containers"][0]["env"] if one["name"] == "STORAGE_URI"]
        if uri not in self.running:
            bucket, _, prefix = uri.removeprefix("s3://").partition("/")
            store, folder = S3Store(f"s3://{bucket}", **self.s3), Path(mkdtemp(prefix="everfit-pod-"))
            for key in store.list(prefix):
                path = folder / key.removeprefix(prefix)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(store.read(key))
            served = OneFolder("toy", folder)
            try:
                served.model_files("", served.bundle.files)
                self.running[uri] = served.bundle.version, Predictor.load(folder)
            except EverfitError as error:
                self.running[uri] = str(error)
        return self.running[uri]

    def answer(self, host: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        for service in self.services.values():
            for part in service["status"].get("components", {}).get("predictor", {}).get("traffic", ()):
                if urlsplit(part["url"]).netloc == host:
                    version, predictor = self.pods[part["revisionName"]]
                    return 200, {"version": version, "predictions": answers(predictor, body["rows"])}
        return 404, {"message": f"no route to {host}"}


def _defaulted(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The webhook's defaults: an object never comes back as it was applied."""
    whole = copy.deepcopy(dict(spec))
    whole["predictor"]["containers"][0].setdefault("resources", {"requests": {"cpu": "1", "memory": "2Gi"}})
    return whole


def _missing(name: str) -> tuple[int, Any]:
    return 404, {"message": f"{name} not found"}


@contextmanager
def api_server(cluster: Cluster, token: str) -> Iterator[str]:
    """The cluster at an address of this machine; only whoever has the token is answered about its objects."""

    class Api(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: the second of two waits 40 ms until the first is acknowledged

        def do_GET(self) -> None:
            self._reply(lambda path, _: cluster.read(path))

        def do_PATCH(self) -> None:
            assert self.headers["Content-Type"] == "application/apply-patch+yaml"
            assert "fieldManager=everfit" in self.path
            self._reply(cluster.apply)

        def do_DELETE(self) -> None:
            self._reply(lambda path, _: cluster.delete(path))

        def do_POST(self) -> None:
            assert self.path == "/predict"
            self._reply(lambda _, body: cluster.answer(self.headers["Host"], body), open_to_all=True)

        def _reply(self, ask: Any, open_to_all: bool = False) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
            known = open_to_all or self.headers["Authorization"] == f"Bearer {token}"
            with cluster.lock:
                status, said = ask(urlsplit(self.path).path, body) if known else (401, {"message": "Unauthorized"})
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
