"""Start, look at and end one instance of the local stack."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from tools.local import health, ports, processes, templates
from tools.local.airflow_api import Airflow
from tools.local.credentials import USER, Credentials, keep
from tools.local.environment import process_environment, shell_environment
from tools.local.files import locked, write_json
from tools.local.paths import Paths
from tools.local.ports import Ports
from tools.local.processes import Recorded
from tools.local.services import Service, services
from tools.local.settings import localised, read

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """A running instance: where it is, how to get in, and whether this call started it."""

    paths: Paths
    ports: Ports
    credentials: Credentials
    started: bool

    @property
    def airflow_url(self) -> str:
        """Airflow's address, for people and for `Airflow`."""
        return f"http://localhost:{self.ports.airflow}"

    @property
    def mlflow_url(self) -> str:
        """MLflow's address."""
        return f"http://localhost:{self.ports.mlflow}"

    @property
    def server_url(self) -> str:
        """The model server's address."""
        return f"http://localhost:{self.ports.server}"

    def airflow(self) -> Airflow:
        """A logged-in REST client."""
        return Airflow(f"http://127.0.0.1:{self.ports.airflow}", USER, self.credentials.password)


def up(instance: str | Path = "up", tell: Tell = lambda _: None, wanted: Ports | None = None) -> Stack:
    """Start what does not run yet and return when all of it answers.

    A named instance takes the usual ports where they are free; one given by its path (a test's) takes any, so that
    tests never get in a person's way. Errors: `StackError` with the end of the log of the service that failed; nothing
    is left running then.
    """
    paths = Paths.of(instance)
    with locked(paths.state / "lock"):
        if running := _running(paths):
            return running
        if left := processes.end(processes.load(_list(paths)), str(paths.state)):
            tell(f"ended {left} processes of an earlier run")
        ask = wanted or ports.load(_ports(paths)) or _usual(paths)
        chosen = ports.choose(ask)
        for line in ports.moved(ask, chosen):
            tell(line)
        stack = Stack(paths, chosen, _prepare(paths, chosen), started=True)
        _start(stack, tell)
        return stack


def down(instance: str | Path = "up") -> int:
    """End everything that `up` started, and return how many processes that were; harmless if nothing runs."""
    paths = Paths.of(instance)
    if not paths.state.exists():
        return 0
    with locked(paths.state / "lock"):
        ended = processes.end(processes.load(_list(paths)), str(paths.state))
        _forget(paths)
        return ended


def status(instance: str | Path = "up") -> tuple[Stack | None, dict[str, bool]]:
    """The stack if it was started and not ended, and which of its services run."""
    paths = Paths.of(instance)
    kept = ports.load(_ports(paths))
    if kept is None:
        return None, {}
    alive = {one.name: processes.alive(one) for one in processes.load(_list(paths))}
    return Stack(paths, kept, keep(_credentials(paths)), started=False), alive


def _running(paths: Paths) -> Stack | None:
    stack, alive = status(paths.state)
    if stack is None:
        return None
    known = services(paths, stack.ports, stack.credentials)
    whole = all(alive.get(service.name) and health.ready(service, 0) for service in known)
    return stack if whole else None


def _prepare(paths: Paths, chosen: Ports) -> Credentials:
    paths.make()
    credentials = keep(_credentials(paths))
    write_json(paths.passwords, {USER: credentials.password}, mode=0o600)
    ports.save(_ports(paths), chosen)
    (paths.state / "everfit.env").write_text(shell_environment(paths, chosen))
    return credentials


def _start(stack: Stack, tell: Tell) -> None:
    """Start everything, and load the connections before any task can run.

    In a new database there are no DAGs until the DAG processor has read them, so it alone waits for the connections; in
    an old one the scheduler, too, could start a task that sees the ports of the last time.
    """
    new = not stack.paths.database.exists()
    templates.fill(stack.paths)
    late = {"dag-processor"} if new else {"dag-processor", "scheduler"}
    every = services(stack.paths, stack.ports, stack.credentials)
    started: list[Recorded] = []
    try:
        first = [(one, _start_one(stack, one, started)) for one in every if one.name not in late]
        left = health.wait(first, stack.paths.logs, tell, until="api-server")
        with stack.airflow() as airflow:
            airflow.apply(localised(read(), stack.paths, stack.ports))
        then = [(one, _start_one(stack, one, started)) for one in every if one.name in late]
        health.wait([*left, *then], stack.paths.logs, tell)
    except BaseException:  # also an interrupt: never leave half a stack behind
        processes.end(started, str(stack.paths.state))
        _forget(stack.paths)
        raise


def _start_one(stack: Stack, service: Service, started: list[Recorded]) -> Recorded:
    environment = process_environment(service.environment, os.environ, str(stack.paths.state))
    log = stack.paths.logs / f"{service.name}.log"
    recorded = processes.start(service.name, service.command, environment, log, stack.paths.state)
    started.append(recorded)
    processes.save(_list(stack.paths), started)
    return recorded


def _forget(paths: Paths) -> None:
    _list(paths).unlink(missing_ok=True)
    _ports(paths).unlink(missing_ok=True)


def _usual(paths: Paths) -> Ports:
    return Ports() if paths.name != str(paths.state) else Ports(*(ports.any_port() for _ in fields(Ports)))


def _list(paths: Paths) -> Path:
    return paths.state / "processes.json"


def _ports(paths: Paths) -> Path:
    return paths.state / "ports.json"


def _credentials(paths: Paths) -> Path:
    return paths.state / "secrets.json"
