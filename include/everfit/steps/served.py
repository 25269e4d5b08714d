"""A model served by a process of its own, as in production: a real server that is asked over HTTP."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everfit.errors import DeployError, Unreachable
from everfit.targets.everfit_server import EverfitServer
from everfit.values import Answer

WITHIN = 120
"""Seconds in which a server must have loaded its model; a busy machine takes ten."""


@dataclass(frozen=True)
class Served:
    """A running server of one model. `seconds` is what it took from its start to its first sign of life, with the
    model loaded."""

    model: str
    server: EverfitServer
    pid: int
    seconds: float

    def ask(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Answer]:
        """One answer per row. Errors: `DeployError` if it refuses, `Unreachable` if it has died."""
        return self.server.predict(self.model, "champion", rows)[1]

    @property
    def peak_mb(self) -> float:
        """The most memory that the process has held so far."""
        import psutil

        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
            return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
        except (OSError, StopIteration):
            return float(psutil.Process(self.pid).memory_info().rss) / 2**20


@contextmanager
def serving(folder: Path, work: Path) -> Iterator[Served]:
    """Serve the model folder on a free port of this machine until the end of the block.

    Errors: `DeployError`, with what the server said, if it does not come up.
    """
    import httpx

    from everfit.predictor import Card

    name, port, token = Card.read(folder).model, _free_port(), secrets.token_urlsafe(32)
    command = [sys.executable, "-m", "everfit.serving", "--folder", str(folder), "--port", str(port)]
    work.mkdir(parents=True, exist_ok=True)
    log = work / f"served-{port}.log"
    begun = time.monotonic()
    with log.open("wb") as said:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "EVERFIT_TOKENS": f"predict:{token}"}
        process = subprocess.Popen([*command, "--work", str(work)], stdout=said, stderr=said, env=env)
    try:
        with httpx.Client(trust_env=False) as session:
            server = EverfitServer(f"http://127.0.0.1:{port}", timeout=WITHIN, session=session, token=token)
            _wait_for(server, process, log)
            yield Served(name, server, process.pid, time.monotonic() - begun)
    finally:
        process.kill()
        process.wait()
        log.unlink(missing_ok=True)


def _wait_for(server: EverfitServer, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server says that it is well, or why it is not."""
    import httpx

    end = time.monotonic() + WITHIN
    while process.poll() is None and time.monotonic() < end:
        try:
            answer = server.session.get(f"{server.url}/healthz", timeout=2)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.json()["status"] == "ok":
            return
        raise DeployError(f"the model does not serve: {answer.json()}")
    said = log.read_text(errors="replace")[-1000:]
    if process.poll() is not None:
        raise DeployError(f"the model's server ended with {process.returncode}: {said}")
    raise Unreachable(f"the model's server gave no sign of life in {WITHIN} s: {said}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
