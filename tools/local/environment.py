"""Every setting of the local stack, as pure functions of an instance's paths, ports and credentials.

The production shape (docker-compose.yaml) must agree with it where it matters; `tests/architecture/test_compose.py`
compares them.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.local.credentials import USER, Credentials
from tools.local.paths import Paths
from tools.local.ports import Ports

PYTHON_FOLDERS = ("include", "plugins", "")
PRELOAD = "everfit_airflow.preload"

QUIET = {
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""What every process of ours gets, here and in containers: nothing is sent home, no pickle is read, a service that is
away is noticed in seconds, and XGBoost's threads sleep instead of spinning while they wait (3 times faster on busy
cores).
"""

MEASURED = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "20",
}
"""Airflow settings that hold here and in production. A task's slot is free 1 s after its end, not 5; an API server that
restarts costs no attempt.
"""

PRELOADING = {
    "AIRFLOW__SCHEDULER__MP_START_METHOD": "forkserver",
    "AIRFLOW__SCHEDULER__MP_FORKSERVER_PRELOAD": PRELOAD,
}
"""LocalExecutor forks task processes from a process that has imported the heavy libraries already. Only the scheduler
gets that: the triggerer and the DAG processor would pay for nothing. (In production a Celery worker imports the same
module: `AIRFLOW__CELERY__EXTRA_CELERY_CONFIG` in docker-compose.yaml.)
"""


def python_path(paths: Paths) -> str:
    """Where Python finds `everfit`, `everfit_airflow` and `tools`."""
    return ":".join(str(paths.project / folder).rstrip("/") for folder in PYTHON_FOLDERS)


def airflow_environment(paths: Paths, ports: Ports, credentials: Credentials) -> dict[str, str]:
    """What makes `airflow ...` belong to this instance."""
    return {
        **QUIET,
        **MEASURED,
        **PRELOADING,
        "PYTHONPATH": python_path(paths),
        "AIRFLOW_HOME": str(paths.airflow_home),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{ports.airflow}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(ports.airflow),
        "AIRFLOW__API__SECRET_KEY": credentials.session,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": credentials.jwt,
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "AIRFLOW__CORE__DAGS_FOLDER": str(paths.project / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{ports.execution}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": credentials.fernet,
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(paths.project / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(paths.passwords),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{paths.database}?timeout=20",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(paths.airflow_home / "logs"),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(ports.trigger_logs),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(ports.task_logs),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "EVERFIT_WORK": str(paths.work),
    }


def command_environment(paths: Paths, ports: Ports) -> dict[str, str]:
    """What makes the command line `everfit` work on this instance."""
    return {
        "EVERFIT_STORE": str(paths.store),
        "EVERFIT_LANDING": str(paths.landing),
        "EVERFIT_MLFLOW": f"http://127.0.0.1:{ports.mlflow}",
        "EVERFIT_SERVER": f"http://127.0.0.1:{ports.server}",
        "EVERFIT_POINTERS": str(paths.pointers),
        "EVERFIT_WORK": str(paths.work),
    }


def shell_environment(paths: Paths, ports: Ports) -> str:
    """The same for a shell to read; what is set there already stays."""
    ours = command_environment(paths, ports)
    return "".join(f'export {name}="${{{name}:-{value}}}"\n' for name, value in ours.items())


def mlflow_environment() -> dict[str, str]:
    """What makes the MLflow server belong to this instance; it runs no jobs of its own, which saves three processes."""
    return {**QUIET, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def server_environment(paths: Paths) -> dict[str, str]:
    """What the model server needs; it keeps its answers in the store."""
    return {
        **QUIET,
        "PYTHONPATH": python_path(paths),
        "EVERFIT_STORE": str(paths.store),
        "EVERFIT_WORK": str(paths.work),
    }


def process_environment(ours: Mapping[str, str], inherited: Mapping[str, str], mark: str) -> dict[str, str]:
    """The environment of a service: the caller's, less what would change Airflow or MLflow, plus ours, plus our mark.

    A proxy that the caller has set is not asked for addresses on this machine.

    >>> process_environment({"A": "1"}, {"HOME": "/root", "AIRFLOW__CORE__PARALLELISM": "1"}, "/state")
    {'HOME': '/root', 'A': '1', 'EVERFIT_INSTANCE': '/state'}
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith(("AIRFLOW", "_AIRFLOW", "MLFLOW"))}
    for name in ("NO_PROXY", "no_proxy"):
        if {"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} & kept.keys():
            kept[name] = ",".join(filter(None, [kept.get(name), "localhost", "127.0.0.1"]))
    return {**kept, **ours, "EVERFIT_INSTANCE": mark}
