"""The Airflow assets through which a model's DAGs wake each other up."""

from __future__ import annotations

from airflow.sdk import Asset


def data_asset(model: str) -> Asset:
    """A batch of the model's data was accepted."""
    return Asset(name=f"{model} data", uri=f"everfit://{model}/data", group="everfit")


def challenger_asset(model: str) -> Asset:
    """A candidate passed its gates and became a version of the model."""
    return Asset(name=f"{model} challenger", uri=f"everfit://{model}/challenger", group="everfit")


def champion_asset(model: str) -> Asset:
    """Another version of the model serves from now on."""
    return Asset(name=f"{model} champion", uri=f"everfit://{model}/champion", group="everfit")
