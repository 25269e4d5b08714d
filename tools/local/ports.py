"""The network ports of one instance: the usual ones if they are free, others if not."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.local.files import read_json, write_json


@dataclass(frozen=True)
class Ports:
    """One port per server; people meet the first three."""

    airflow: int = 8080
    mlflow: int = 5000
    server: int = 8000
    task_logs: int = 8793
    trigger_logs: int = 8794
    execution: int = 8081


def is_free(port: int) -> bool:
    """Whether nothing listens on the port, on any address of this machine.

    >>> with socket.create_server(("127.0.0.1", 0)) as taken:
    ...     is_free(taken.getsockname()[1])
    False
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def any_port() -> int:
    """A port that the system says is free now."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def choose(wanted: Ports, *, free: Callable[[int], bool] = is_free, other: Callable[[], int] = any_port) -> Ports:
    """`wanted`, with a free port in place of each one that is busy.

    >>> choose(Ports(), free=lambda port: port != 5000, other=lambda: 34567)
    Ports(airflow=8080, mlflow=34567, server=8000, task_logs=8793, trigger_logs=8794, execution=8081)
    """
    chosen: dict[str, int] = {}
    for name, port in asdict(wanted).items():
        ours = port if free(port) and port not in chosen.values() else other()
        while ours in chosen.values():
            ours = other()
        chosen[name] = ours
    return Ports(**chosen)


def moved(wanted: Ports, chosen: Ports) -> list[str]:
    """What to tell a person about ports that were busy (of the servers that people meet).

    >>> moved(Ports(), Ports(mlflow=34567))
    ['port 5000 (mlflow) is busy: took 34567']
    """
    pairs = [(name, getattr(wanted, name), getattr(chosen, name)) for name in ("airflow", "mlflow", "server")]
    return [f"port {was} ({name}) is busy: took {now}" for name, was, now in pairs if was != now]


def save(path: Path, ports: Ports) -> None:
    """Keep the ports of a running instance."""
    write_json(path, asdict(ports))


def load(path: Path) -> Ports | None:
    """The ports of an instance that was started, if any."""
    kept = read_json(path)
    return Ports(**kept) if isinstance(kept, dict) and kept.keys() == asdict(Ports()).keys() else None
