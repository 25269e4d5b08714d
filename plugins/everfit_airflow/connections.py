"""The Airflow connections that everfit opens, by id."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from everfit.settings import OPTIONAL


@dataclass(frozen=True)
class Connections:
    """Which Airflow connection to use for what; the defaults are those of `airflow_settings.yaml`.

    A person's own DAG may name others:

    >>> Connections(store="team_bucket").store
    'team_bucket'
    """

    store: str = "everfit_store"
    landing: str = "everfit_landing"
    mlflow: str = "everfit_mlflow"
    server: str = "everfit_server"
    pointers: str = "everfit_pointers"
    spark: str = "everfit_spark"
    signing: str = "everfit_signing"
    alerts: str = "everfit_alerts"

    @property
    def needed(self) -> dict[str, str]:
        """Those without which nothing works: all but the `OPTIONAL` ones."""
        return {name: conn_id for name, conn_id in self.to_dict().items() if name not in OPTIONAL}

    def to_dict(self) -> dict[str, str]:
        """Plain data, for a trigger to be sent to the triggerer with."""
        return asdict(self)
