"""What everfit needs from the world, as protocols; `Ports` is one opened set of them.

Each has a local and a remote implementation, and both pass the conformance suite in `everfit.testing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from everfit.values import Answer, Batch, Candidate, Change, FileHash, ModelVersion, Route, Seen, StoredFile

if TYPE_CHECKING:
    from everfit.ledger import Ledger


class Store(Protocol):
    """A place for bytes under keys like `ledger/flight_delays/00000042.json`.

    Errors: `FileNotFoundError` for a key that is not there, `Unreachable` when the service does not answer.
    """

    url: str

    def create(self, key: str, data: bytes) -> bool:
        """Write `data` only if nothing is under `key` yet; False, and nothing written, if there is. Atomic, durable."""

    def write(self, key: str, data: bytes) -> None:
        """Put `data` under `key`, whole or not at all, replacing what was there."""

    def read(self, key: str) -> bytes:
        """The bytes under `key`."""

    def exists(self, key: str) -> bool:
        """Whether anything is under `key`."""

    def delete(self, key: str) -> None:
        """Remove what is under `key`; fine if nothing is. Never called on a ledger's entries."""

    def list(self, prefix: str) -> list[str]:
        """The keys under the folder `prefix`, at any depth, sorted."""

    def put_file(self, key: str, path: Path) -> StoredFile:
        """Copy the local file `path` under `key`, whole or not at all, and say its SHA-256."""

    def local_file(self, file: StoredFile) -> Path:
        """A local, read-only file with the bytes of `file`, checked against its SHA-256 (else `Corrupted`)."""


class Landing(Protocol):
    """The place where a source system puts its batches. It is only ever read."""

    def look(self, folder: str, each: str, only: str = "") -> list[Seen]:
        """Every file of every delivery under `folder`, in one listing, by path; hidden ones are not seen.

        `each` says what a delivery is: a `folder` in it (the files directly in that are seen), or a `file` in it. With
        `only`, no more than the folder of that name, or the files whose names begin so.
        """

    def fetch(self, folder: str, files: Sequence[Seen], into: Path) -> tuple[FileHash, ...]:
        """Copy the files to the local folder `into`, hashing on the way; `BatchChanged` if one is not what was seen."""


class DataStore(Protocol):
    """The versioned bytes of accepted batches (a DVC remote)."""

    def config(self) -> str:
        """The text of a `.dvc/config` with which DVC finds the remote; no key or password is in it."""

    def commit(self, folder: Path, name: str) -> str:
        """Keep the files of `folder` for good and return the text of the `.dvc` pointer to them. Idempotent."""

    def fetch(self, batch: Batch) -> Path:
        """A local folder with the files of `batch`, each checked against its hash (`Corrupted` if it differs)."""

    def delete(self, batch: Batch, keep: Sequence[Batch]) -> None:
        """Remove the bytes of `batch`, except what a batch of `keep` has too (equal bytes are kept once for all).

        Fine if they are gone already, and can be done again after a crash in the middle.
        """


class Pointers(Protocol):
    """The git repository with a pointer to every accepted batch: where a person gets data back without everfit."""

    url: str

    def publish(self, make: Callable[[Mapping[str, bytes]], Change | None]) -> str:
        """Commit what `make` makes of the newest files, and return the revision that is there now.

        With None nothing is committed. If somebody else pushed first, `make` is asked again with what is there then,
        so it must have no effect of its own.
        """


class Run(Protocol):
    """An open MLflow run."""

    id: str

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; values are cut to what the tracking server takes."""

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log one value per metric at `step`."""

    def curves(self, values: Mapping[str, Sequence[float]], begin: int = 0) -> None:
        """Log whole curves, or the part of them from step `begin`, one value per step, in one batch. A value that the
        run has at that step already is not logged again."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags; a value of any length is kept (long ones as an artifact)."""

    def artifact(self, path: Path, folder: str = "") -> None:
        """Keep a local file or folder with the run, under `folder`."""

    def dataset(self, snapshot_id: str, batches: Sequence[Batch], context: str) -> None:
        """Log the batches as an MLflow dataset input whose digest is the snapshot's id."""


class Registry(Protocol):
    """Where runs, models and versions are kept (MLflow)."""

    def run(self, model: str, name: str, key: str) -> AbstractContextManager[Run]:
        """Open the run whose key is `key`, making it if it is not there: a retry finds the run of the try before.

        The run ends FINISHED, or FAILED if the block raises.
        """

    def measure(self, mlflow_run: str, metrics: Mapping[str, float]) -> None:
        """Log metrics to a run that is over, and leave it so; what it says already is not logged again."""

    def log_model(self, run: Run, folder: Path, example: Any) -> tuple[FileHash, ...]:
        """Keep the model folder (model in its own format, feature code, history) with signature and example."""

    def register(self, candidate: Candidate, tags: Mapping[str, str]) -> ModelVersion:
        """Make the candidate a version of its model; the same candidate gives the same version again."""

    def alias(self, model: str, name: str) -> int | None:
        """The version that the alias points to, or None."""

    def set_alias(self, model: str, name: str, version: int | None) -> None:
        """Point the alias to the version, or remove it with None."""

    def route(self, model: str) -> Route:
        """The model's route, as it was last set; `Route(model)` before that."""

    def set_route(self, route: Route) -> None:
        """Keep the route with its registered model, where servers read it."""

    def tag(self, model: str, version: int, tags: Mapping[str, str]) -> None:
        """Set tags of a version, replacing those of the same name."""

    def run_file(self, mlflow_run: str, name: str) -> bytes:
        """A file that was kept with the run, such as `lineage/spec.json`; `Corrupted` if it is not there any more."""

    def run_params(self, mlflow_run: str) -> Mapping[str, str]:
        """The parameters of the run, as they were when it ended."""

    def run_tags(self, mlflow_run: str) -> Mapping[str, str]:
        """The tags of the run."""

    def model_files(self, mlflow_run: str, files: Sequence[FileHash]) -> Path:
        """A local folder with the model's files, each checked against its hash (`Corrupted` if it differs)."""

    def fetch_model(self, mlflow_run: str, files: Sequence[FileHash], into: Path) -> Path:
        """The same straight from the registry, into the empty folder `into`: no local copy is believed."""

    def run_url(self, mlflow_run: str) -> str:
        """The address of the run's page, for people."""


class Target(Protocol):
    """Where a model answers requests: our server, or another one file away."""

    def follow(self, route: Route) -> Mapping[str, int]:
        """Make the target answer by `route` from now on; returns alias to loaded version.

        Asked again with the same route, nothing changes. Errors: `DeployError` if it cannot load a version, and then
        every other version answers as before; `Unreachable`.
        """

    def predict(self, model: str, alias: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[Answer]]:
        """Ask for predictions; returns the version that answered and one answer per row."""


class Peers(Protocol):
    """Whoever works on one thing at the same time, on other machines perhaps: `of` of them, of which we are `rank`."""

    rank: int
    of: int
    host: str

    def gather(self, said: str) -> list[str]:
        """Say something and hear what everybody said, by rank; all wait until the last one has spoken."""


@dataclass(frozen=True)
class Cluster:
    """A Spark cluster, as Spark names it: `sc://host:15002` (Spark Connect), `spark://host:7077`, `yarn`, `local[2]`.

    So many `workers` train one model together; with another number a model has other bytes. `conf` goes to Spark's
    session (`spark.executor.memory`, ...); it may hold secrets and is never shown.
    """

    url: str
    workers: int = 2
    conf: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Ports:
    """One opened set of everything a step needs from the world; time and work folder included.

    `pointers` is None where no git repository is wanted, `cluster` where there is none to work on. `signing_key` is the
    private key (PEM) that promotions are signed with; with None each machine makes one of its own.
    """

    store: Store
    landing: Landing
    data: DataStore
    registry: Registry
    target: Target
    clock: Clock
    work: Path
    pointers: Pointers | None = None
    cluster: Cluster | None = None
    signing_key: str | None = field(default=None, repr=False)

    def ledger(self, model: str) -> Ledger:
        """The log of decisions of one model."""
        from everfit.ledger import Ledger

        return Ledger(model, self.store, self.clock, self.work / "ledger")


class Clock(Protocol):
    """Says what time it is, in UTC; a rehearsal gives its own."""

    def __call__(self) -> datetime:
        """The moment, with its time zone."""


class Progress(Protocol):
    """Where a long step tells how far it is."""

    def __call__(self, message: str) -> None:
        """One line for a person."""
