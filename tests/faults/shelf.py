"""Versions in a real MLflow, and what its own database says of every change of an alias."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from everfit.registry import MlflowRegistry
from everfit.values import ModelVersion
from tests.services import shared_mlflow
from tests.toy_model import publish, toy_folder

NOTED = "alias_changes"


@dataclass(frozen=True)
class Shelf:
    """An MLflow server that notes each change of an alias in the transaction that makes it, so that none is missed."""

    url: str
    database: Path

    def put(self, model: str, version: int, folder: Path) -> ModelVersion:
        """The version that comes next; all but the first are made of the first one's files, which takes no upload."""
        from mlflow import MlflowClient

        registry = MlflowRegistry(self.url, folder)
        if version == 1:
            made = publish(registry, toy_folder(folder / "toy", model=model), model, "run-1")
        else:
            client = MlflowClient(self.url, self.url)
            first = client.get_model_version(model, "1")
            (logged,) = client.search_logged_models([client.get_run(first.run_id).info.experiment_id])
            more = {"run_id": first.run_id, "model_id": logged.model_id, "tags": first.tags, "await_creation_for": 0}
            named = client.create_model_version(model, logged.artifact_location, **more)
            made = registry.version(model, int(named.version))
        assert made.version == version
        return made

    def forget(self, model: str) -> None:
        """As if the model had never been there."""
        from mlflow import MlflowClient

        MlflowClient(self.url, self.url).delete_registered_model(model)
        with closing(sqlite3.connect(self.database, timeout=20)) as database, database:
            database.execute(f"DELETE FROM {NOTED} WHERE name = ?", (model,))

    def reign(self, model: str, alias: str) -> list[int]:
        """What the alias has pointed to, in order; 0 for the times when it was not there."""
        with closing(sqlite3.connect(self.database, timeout=20)) as database:
            asked = f"SELECT version FROM {NOTED} WHERE name = ? AND alias = ? ORDER BY rowid"
            return [version for (version,) in database.execute(asked, (model, alias))]


def note_changes(database: Path) -> None:
    """From here on MLflow's database notes each change of an alias, whoever makes it."""
    with closing(sqlite3.connect(database, timeout=20)) as opened, opened:
        opened.execute(f"CREATE TABLE {NOTED} (name TEXT, alias TEXT, version INTEGER)")
        for event, said in {
            "INSERT": "NEW.name, NEW.alias, NEW.version",
            "UPDATE": "NEW.name, NEW.alias, NEW.version",
            "DELETE": "OLD.name, OLD.alias, 0",
        }.items():
            opened.execute(
                f"CREATE TRIGGER noted_{event} AFTER {event} ON registered_model_aliases "
                f"BEGIN INSERT INTO {NOTED} VALUES ({said}); END"
            )


@cache
def shared_shelf() -> Shelf:
    """The MLflow server of all tests of this process, with triggers in its database."""
    server = shared_mlflow()
    database = server.log.with_name("mlflow.db")
    note_changes(database)
    return Shelf(server.url, database)
