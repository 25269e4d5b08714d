"""`airflow_settings.yaml`, the one source of pools, connections and variables (the format of Astro's command line).

Its values fit the containers. Locally, host, port and path of the services that the local stack runs itself are
replaced (`localised`), nothing else.

    python -m tools.local.settings      # inside a container: load the file with Airflow's own command line
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tools.local.errors import StackError
from tools.local.paths import PROJECT, Paths
from tools.local.ports import Ports

FILE = Path(os.environ.get("EVERFIT_SETTINGS") or PROJECT / "airflow_settings.yaml")


@dataclass(frozen=True)
class Connection:
    """Where a service is and how to talk to it."""

    id: str
    type: str
    host: str | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = None
    port: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pool:
    """So many tasks at a time."""

    name: str
    slots: int
    description: str = ""


@dataclass(frozen=True)
class Variable:
    """A named text."""

    key: str
    value: str


@dataclass(frozen=True)
class Settings:
    """All that the file says."""

    connections: tuple[Connection, ...]
    pools: tuple[Pool, ...]
    variables: tuple[Variable, ...]


def read(path: Path = FILE) -> Settings:
    """The file as values; a key that Astro's command line would not know is an error."""
    airflow = yaml.safe_load(path.read_text())["airflow"]
    try:
        return Settings(
            connections=tuple(_connection(**one) for one in airflow.get("connections") or ()),
            pools=tuple(_pool(**one) for one in airflow.get("pools") or ()),
            variables=tuple(_variable(**one) for one in airflow.get("variables") or ()),
        )
    except TypeError as error:
        raise StackError(f"{path}: {str(error).split(') ')[-1].lstrip('_')}") from error


def localised(settings: Settings, paths: Paths, ports: Ports) -> Settings:
    """The same settings for the services that the local stack runs itself."""
    ours = overrides(paths, ports)
    return replace(settings, connections=tuple(replace(one, **ours.get(one.id, {})) for one in settings.connections))


def overrides(paths: Paths, ports: Ports) -> dict[str, dict[str, Any]]:
    """What is different here from the containers, by connection."""
    return {
        "everfit_store": {"type": "fs", "extra": {"path": str(paths.store)}},
        "everfit_landing": {"type": "fs", "extra": {"path": str(paths.landing)}},
        "everfit_mlflow": {"host": "127.0.0.1", "port": ports.mlflow},
        "everfit_pointers": {"type": "fs", "extra": {"path": str(paths.pointers)}},
        "everfit_server": {"host": "127.0.0.1", "port": ports.server},
    }


def _connection(
    conn_id: str,
    conn_type: str,
    conn_host: str | None = None,
    conn_schema: str | None = None,
    conn_login: str | None = None,
    conn_password: str | None = None,
    conn_port: int | None = None,
    conn_extra: Mapping[str, Any] | None = None,
) -> Connection:
    return Connection(
        conn_id, conn_type, conn_host or None, conn_schema or None, conn_login or None, conn_password or None,
        conn_port or None, conn_extra or {},
    )  # fmt: skip


def _pool(pool_name: str, pool_slot: int, pool_description: str = "") -> Pool:
    return Pool(pool_name, pool_slot, pool_description)


def _variable(variable_name: str, variable_value: str) -> Variable:
    return Variable(variable_name, variable_value)


def for_command_line(settings: Settings) -> dict[str, dict[str, Any]]:
    """What `airflow connections|pools|variables import` read, by the name of the command."""
    return {
        "connections": {
            one.id: {
                "conn_type": one.type, "host": one.host, "schema": one.schema, "login": one.login,
                "password": one.password, "port": one.port, "extra": json.dumps(one.extra) if one.extra else None,
            }
            for one in settings.connections
        },
        "pools": {
            one.name: {"slots": one.slots, "description": one.description, "include_deferred": False}
            for one in settings.pools
        },
        "variables": {one.key: one.value for one in settings.variables},
    }  # fmt: skip


def main() -> None:
    """Load the file into the Airflow of this environment."""
    with tempfile.TemporaryDirectory() as folder:
        for command, values in for_command_line(read()).items():
            if not values:
                continue
            file = Path(folder) / f"{command}.json"
            file.write_text(json.dumps(values))
            overwrite = ["--overwrite"] if command == "connections" else []
            subprocess.run([sys.executable, "-m", "airflow", command, "import", str(file), *overwrite], check=True)


if __name__ == "__main__":
    main()
