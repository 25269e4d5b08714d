"""Open everfit's ports from Airflow connections."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from everfit_airflow.connections import Connections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from everfit.cost import Prices
    from everfit.ports import Ports
    from everfit.settings import Address, Place
    from everfit.spec import ModelSpec


class EverfitHook(BaseHook):
    """Everything that a step of the library needs from the world, as Airflow's connections say.

    `store` and `landing` are connections of type `fs` (extra `path`) or `aws` (extra `url`, such as
    `s3://bucket/everfit`, and `endpoint_url` where it is not Amazon's); `mlflow` and `server` are of type `http`.
    `pointers` is of type `fs` or `git`, `spark` of type `spark`, `signing` of type `fs` or `generic`, `alerts` of
    type `generic`; none of these need be there.

    :param connections: which connections to use; the defaults are those of `airflow_settings.yaml`.
    """

    hook_name = "everfit"

    def __init__(self, connections: Connections | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.connections = connections or Connections()

    def get_conn(self) -> Ports:
        """Airflow's name for `ports`."""
        return self.ports()

    def ports(self) -> Ports:
        """The opened ports; nothing is asked of a service before it is needed."""
        return _open(self.place)

    @cached_property
    def place(self) -> Place:
        """Where everything is, by the connections."""
        return _place(self._needed())

    def ports_to_publish(self) -> Ports:
        """The same ports with the git repository for pointers, if there is a connection for one."""
        return self._ports_with("pointers")

    def ports_for(self, spec: ModelSpec) -> Ports:
        """The ports for a model, with the Spark cluster if that is where it is worked on."""
        return self.ports() if spec.engine == "local" else self._ports_with("spark")

    def ports_to_sign(self) -> Ports:
        """The same ports with the installation's key for signing, if there is a connection for one."""
        return self._ports_with("signing")

    def _ports_with(self, name: str) -> Ports:
        found = self._needed()
        with suppress(AirflowNotFoundException):
            found[name] = self.get_connection(self.connections.to_dict()[name])
        return _open(_place(found))

    def alert_urls(self) -> tuple[str, ...]:
        """The addresses that people are told at, for Apprise: the words of the connection's password."""
        from airflow.sdk.log import mask_secret

        with suppress(AirflowNotFoundException):
            urls = (self.get_connection(self.connections.alerts).password or "").split()
            for url in urls:
                mask_secret(url)
            return tuple(urls)
        return ()

    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """Who has which role: Airflow's variable `everfit_roles`, as JSON; empty where nobody has set it."""
        from airflow.sdk import Variable

        from everfit.settings import ROLES, read_roles

        return read_roles(Variable.get(ROLES, default=""), f"Airflow variable {ROLES}")

    def prices(self) -> Prices | None:
        """The price list: Airflow's variable `everfit_prices`, as JSON; None where nobody has set it."""
        from airflow.sdk import Variable

        from everfit.settings import PRICES, read_prices

        return read_prices(Variable.get(PRICES, default=""), f"Airflow variable {PRICES}")

    async def aports(self) -> Ports:
        """The same from a trigger, without blocking the triggerer's event loop."""
        found = {name: await self.aget_connection(conn_id) for name, conn_id in self.connections.needed.items()}
        return _open(_place(found))

    def _needed(self) -> dict[str, Any]:
        return {name: self.get_connection(conn_id) for name, conn_id in self.connections.needed.items()}


def work_folder() -> Path:
    """Where this machine keeps copies of what it downloads: `EVERFIT_WORK`, or a folder for temporary files."""
    return Path(os.environ.get("EVERFIT_WORK") or Path(tempfile.gettempdir()) / "everfit")


def _place(found: dict[str, Any]) -> Place:
    from everfit.settings import Place

    return Place(**{name: _address(connection) for name, connection in found.items()})


def _open(place: Place) -> Ports:
    from everfit.settings import open_ports

    return open_ports(place, work_folder(), lambda: datetime.now(UTC))


def _address(connection: Any) -> Address:
    from everfit.errors import SpecError
    from everfit.settings import address

    try:
        return address(
            connection.conn_type,
            host=connection.host or "",
            port=connection.port,
            schema=connection.schema or "",
            login=connection.login or "",
            password=connection.password or "",
            extra=connection.extra_dejson,
        )
    except SpecError as error:
        raise SpecError(f"Airflow connection {connection.conn_id}: {error}") from error
