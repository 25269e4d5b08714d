"""Real servers for tests, most as a process of their own, which end with the block.

with mlflow_server(tmp_path) as mlflow:
    registry = MlflowRegistry(mlflow.url, tmp_path / "work")
    mlflow.stop(); mlflow.start()          # the same address and data again
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tools.local.templates import mlflow_template

ROOT = Path(__file__).parents[1]
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
"""What a server of ours that stands for Amazon's is asked with."""

QUIET = {
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_AI_GATEWAY": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "OMP_WAIT_POLICY": "PASSIVE",
}


@dataclass
class Service:
    """A server process: its address, its log, and the seconds that its last start took."""

    command: Sequence[str]
    url: str
    health: str
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    took: float = 0.0
    process: subprocess.Popen[bytes] | None = None

    def start(self, healthy: int = 200, within: float = 90) -> None:
        """Start the process and wait until its health page answers with this status."""
        begun = time.monotonic()
        env = {**os.environ, **QUIET, "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}", **self.env}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=subprocess.STDOUT, env=env, start_new_session=True
            )
        while self._status() != healthy:
            if self.process.poll() is not None or time.monotonic() - begun > within:
                self.stop()
                raise RuntimeError(f"{' '.join(self.command)} did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)
        self.took = time.monotonic() - begun

    def stop(self) -> None:
        """Kill the process and all its children."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _status(self) -> int:
        try:
            with urllib.request.urlopen(self.url + self.health, timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Start the service, and stop it at the end of the block."""
    try:
        service.start()
        yield service
    finally:
        service.stop()


@contextmanager
def s3_server() -> Iterator[dict[str, Any]]:
    """A real S3 (and SQS) server on a free port, in a thread of this process: the options that reach it."""
    from moto.server import ThreadedMotoServer

    _one_put_at_a_time()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield {"endpoint_url": f"http://{host}:{port}", **KEYS}
    finally:
        server.stop()


@cache
def _one_put_at_a_time() -> None:
    """Amazon's S3 lets one of any number of conditional PUTs win. Moto looks and then writes, in a thread for each
    request, so that now and then two would."""
    from moto.s3.responses import S3Response

    lock, put = threading.Lock(), S3Response.put_object

    def alone(self: Any) -> Any:
        with lock:
            return put(self)

    S3Response.put_object = alone  # type: ignore[method-assign]


@contextmanager
def mlflow_server(folder: Path) -> Iterator[Service]:
    """A real MLflow tracking server on SQLite that proxies its artifacts, all below `folder`; about 4 s to start."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "mlflow.db").exists():
        shutil.copyfile(mlflow_template(), folder / "mlflow.db")
    port = free_port()
    command = [
        *(str(Path(sys.executable).with_name("mlflow")), "server", "--workers", "1"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    with running(Service(command, f"http://127.0.0.1:{port}", "/health", folder / "mlflow.log")) as service:
        yield service


@cache
def shared_mlflow(area: str = "serving") -> Service:
    """One MLflow server for all tests of this process in an area, started when it is first asked for.

    The registry's tests register what no model server could load, so they have one of their own.
    """
    return _until_exit(mlflow_server(_scratch()))


@cache
def shared_model_server() -> Service:
    """One model server for all tests of this process, for the models of the shared MLflow; it looks when told to.

    It keeps its predictions, for without a log nobody scores in the shadow.
    """
    folder, keep = _scratch(), ("--keep-predictions", "1")
    env = {"EVERFIT_STORE": str(folder / "store")}
    return _until_exit(model_server(shared_mlflow().url, folder, keep=keep, env=env))


def _until_exit(service: AbstractContextManager[Service]) -> Service:
    atexit.register(service.__exit__, None, None, None)
    return service.__enter__()


def _scratch() -> Path:
    folder = tempfile.mkdtemp(prefix="everfit-services-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextmanager
def model_server(
    registry: str,
    folder: Path,
    models: Sequence[str] = (),
    look_every: float = 3600,
    keep: Sequence[str] = (),
    env: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Service]:
    """A real everfit model server; it follows aliases only when told to, unless `look_every` is short.

    `keep` is what its command line says of keeping predictions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        *(sys.executable, "-m", "everfit.serving", "--registry", registry, "--work", str(folder / "work")),
        *("--host", "127.0.0.1", "--port", str(port), "--look-every", str(look_every)),
        *(() if "EVERFIT_TOKENS" in env else ("--open",)),
        *(("--models", ",".join(models)) if models else ()),
        *keep,
    ]
    with running(Service(command, f"http://127.0.0.1:{port}", "/healthz", folder / "server.log", env)) as service:
        yield service


@contextmanager
def folder_server(model: Path, folder: Path, *options: str, health: str = "/healthz", **env: str) -> Iterator[Service]:
    """A real model server on one model folder; what it writes is below `folder`. It wants tokens or `--behind`."""
    port = free_port()
    command = [sys.executable, "-m", "everfit.serving", "--folder", str(model), "--work", str(folder / "work")]
    address = ["--host", "127.0.0.1", "--port", str(port)]
    log = folder / "server.log"
    with running(Service([*command, *address, *options], f"http://127.0.0.1:{port}", health, log, env)) as service:
        yield service


def free_port() -> int:
    """A TCP port of this machine that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
