"""The Airflow assets through which a model's DAGs wake each other up.

They have names and no URIs: for a URI with a scheme Airflow loads every provider's URI handlers, boto3 among them, each
time a DAG file is parsed.
"""

from __future__ import annotations

from airflow.sdk import Asset


def data_asset(model: str) -> Asset:
    """A batch of the model's data was accepted."""
    return Asset(name=f"{model}_data", group="everfit")


def challenger_asset(model: str) -> Asset:
    """A candidate passed its gates and became a version of the model."""
    return Asset(name=f"{model}_challenger", group="everfit")


def champion_asset(model: str) -> Asset:
    """Another version of the model serves from now on."""
    return Asset(name=f"{model}_champion", group="everfit")
