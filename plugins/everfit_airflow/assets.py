"""The Airflow assets through which a model's DAGs wake each other up.

They have names and no URIs: for a URI with a scheme Airflow loads every provider's URI handlers, boto3 among them, each
time a DAG file is parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Asset, AssetWatcher

if TYPE_CHECKING:
    from airflow.triggers.base import BaseEventTrigger


def data_asset(model: str) -> Asset:
    """A batch of the model's data was accepted."""
    return Asset(name=f"{model}_data", group="everfit")


def batch_asset(model: str) -> Asset:
    """One batch of the model's data was accepted; the event's partition key is the batch's partition.

    An event with a partition key wakes only DAGs that are partitioned themselves, so training waits for `data_asset`.
    """
    return Asset(name=f"{model}_batch", group="everfit")


def landing_asset(model: str, trigger: BaseEventTrigger) -> Asset:
    """Something may be in the landing place: `trigger` says so, from the triggerer."""
    name = f"{model}_landing"
    return Asset(name=name, group="everfit", watchers=[AssetWatcher(name=name, trigger=trigger)])


def due_asset(model: str, trigger: BaseEventTrigger) -> Asset:
    """A training run has come to be due by itself: `trigger` says so, from the triggerer."""
    name = f"{model}_due"
    return Asset(name=name, group="everfit", watchers=[AssetWatcher(name=name, trigger=trigger)])


def challenger_asset(model: str) -> Asset:
    """A candidate passed its gates and became a version of the model."""
    return Asset(name=f"{model}_challenger", group="everfit")


def scores_asset(model: str) -> Asset:
    """A batch was scored: the event says which partition, and where its predictions are."""
    return Asset(name=f"{model}_scores", group="everfit")


def champion_asset(model: str) -> Asset:
    """Another version of the model serves from now on."""
    return Asset(name=f"{model}_champion", group="everfit")


def labels_asset(model: str) -> Asset:
    """Labels of the model's predictions have come: whoever brings them says so."""
    return Asset(name=f"{model}_labels", group="everfit")


def decayed_asset(model: str) -> Asset:
    """The champion was found to be harmed: the event says by what, and what to do."""
    return Asset(name=f"{model}_decayed", group="everfit")
