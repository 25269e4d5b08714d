"""What the local stack runs, as one list. To add a service, add an entry."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from tools.local.credentials import Credentials
from tools.local.environment import airflow_environment, mlflow_environment, server_environment
from tools.local.paths import Paths
from tools.local.ports import Ports


@dataclass(frozen=True)
class Service:
    """One process to start, and how to see that it is ready.

    `url` answers 200 when it is up; where the answer is Airflow's health page, `component` names the part of it that
    must be healthy, with a heartbeat from after the start.
    """

    name: str
    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    url: str
    component: str = ""


def services(paths: Paths, ports: Ports, credentials: Credentials) -> tuple[Service, ...]:
    """Every service of an instance, in the order in which people care."""
    airflow = airflow_environment(paths, ports, credentials)
    health = f"http://127.0.0.1:{ports.airflow}/api/v2/monitor/health"
    mlflow = f"http://127.0.0.1:{ports.mlflow}"
    server = f"http://127.0.0.1:{ports.server}"
    return (
        Service(
            "api-server", "Airflow", _python("airflow", "api-server", "--apps", "core"), airflow, health, "metadatabase"
        ),
        # On SQLite, one process for people and tasks alike can freeze: a change by a person waits, on the event loop,
        # for a lock that the request of a task holds, which in turn waits for the event loop.
        Service(
            "execution-api",
            "",
            _python("airflow", "api-server", "--apps", "execution", "--port", str(ports.execution)),
            airflow,
            f"http://127.0.0.1:{ports.execution}/execution/health",
        ),
        Service("dag-processor", "", _python("airflow", "dag-processor"), airflow, health, "dag_processor"),
        Service("triggerer", "", _python("airflow", "triggerer"), airflow, health, "triggerer"),
        Service("mlflow", "MLflow", _mlflow(paths, ports), mlflow_environment(), f"{mlflow}/health"),
        Service(
            "model-server",
            "Model server",
            _python(
                "everfit.serving",
                "--registry",
                mlflow,
                "--port",
                str(ports.server),
                "--open",  # it listens on this machine alone
                "--work",
                str(paths.work / "served"),
                "--keep-predictions",
                "1",
                "--ship-every",
                "10",
            ),
            server_environment(paths),
            f"{server}/healthz",
        ),
        Service("scheduler", "", _python("airflow", "scheduler"), airflow, health, "scheduler"),
    )


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def _mlflow(paths: Paths, ports: Ports) -> tuple[str, ...]:
    return _python(
        "mlflow", "server",
        "--host", "127.0.0.1", "--port", str(ports.mlflow), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{paths.mlflow_database}",
        "--serve-artifacts", "--artifacts-destination", str(paths.mlflow / "artifacts"),
    )  # fmt: skip
