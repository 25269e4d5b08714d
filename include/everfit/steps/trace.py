"""What a model version was made from, and which versions know a batch, from ledger and registry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.errors import Corrupted, DataError, UnknownName
from everfit.ledger.entries import BatchAccepted
from everfit.ledger.trace import Source, Trace, Use, named, source, trace, uses
from everfit.predictions import Prediction, Served, find, predictions_of
from everfit.predictor.card import Card
from everfit.steps.environment import Environment, environment_hash
from everfit.values import load

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.values import FileHash

ENVIRONMENT = "lineage/environment.json"


@dataclass(frozen=True)
class MadeWith:
    """Code and environment of a training run.

    `libraries` are the versions that decide a model's bytes, as the model itself says. `revision` is the project's git
    revision, `packages` how many packages were installed, `environment` the hash of all their versions; these three and
    the machine are "" or 0 if MLflow has lost the run's files.
    """

    algorithm: str
    params: Mapping[str, Any]
    seed: int
    libraries: Mapping[str, str]
    revision: str
    environment: str
    packages: int
    machine: str


@dataclass(frozen=True)
class Origin:
    """All that is known of a version: its trace in the ledger, what it was made with, its MLflow run's page, and how
    much it answered, as far as that has reached the store."""

    trace: Trace
    made_with: MadeWith
    mlflow: str
    predictions: Served


@dataclass(frozen=True)
class Delivered:
    """One accepted version of a partition, and every run of every model that used its bytes."""

    source: Source
    uses: tuple[Use, ...]


def origin(ports: Ports, model: str, version: str) -> Origin:
    """What a version (a number, or `champion`) was made from.

    Errors: `UnknownName` for a version that there is not, `Corrupted` if the registry's files are not the recorded
    ones, `Unreachable` if it is away.
    """
    view = ports.ledger(model).view()
    found = trace(view, model, named(view, model, version))
    return Origin(
        trace=found,
        made_with=made_with(ports, found.mlflow_run, found.files),
        mlflow=ports.registry.run_url(found.mlflow_run),
        predictions=predictions_of(ports.store, model, found.version),
    )


def answered(ports: Ports, model: str, prediction: str) -> Prediction:
    """The answer of that id (the header `X-Everfit-Prediction`), with the version that gave it; `DataError` if none."""
    found = find(ports.store, model, prediction)
    if found is None:
        raise DataError(
            f"the store has no prediction {prediction!r} of {model}; an answer reaches it some minutes after it was "
            "given, and its id is the header X-Everfit-Prediction"
        )
    return found


def where_used(ports: Ports, model: str, partition: str) -> tuple[Delivered, ...]:
    """Each accepted version of the partition with the runs that used it, of every model whose ledger is in the store.

    Another model knows the same bytes if it took in the same delivery, also where either withheld bad rows of it.
    Errors: `UnknownName` for a partition that was never accepted.
    """
    views = {name: ports.ledger(name).view() for name in models_in(ports)}
    own = views.get(model) or ports.ledger(model).view()
    found = [entry for entry in own.of(BatchAccepted) if entry.body.batch.partition == partition]
    if not found:
        raise UnknownName(f"accepted batch of {model}", partition, {b.partition for _, b in own.batches})
    return tuple(
        Delivered(
            source(own, entry),
            tuple(
                use
                for name, view in views.items()
                for use in uses(view, name, {entry.body.batch.sha256} if name == model else _same(view, entry.body))
            ),
        )
        for entry in found
    )


def models_in(ports: Ports) -> list[str]:
    """The models that have a ledger in the store, sorted."""
    return sorted({key.split("/")[1] for key in ports.store.list("ledger")})


def _same(view: View, delivery: BatchAccepted) -> set[str]:
    """The content hashes under which another ledger knows the delivery."""
    arrived = {delivery.batch.sha256, delivery.delivered or delivery.batch.sha256}
    return {
        entry.body.batch.sha256
        for entry in view.of(BatchAccepted)
        if arrived & {entry.body.batch.sha256, entry.body.delivered or entry.body.batch.sha256}
    }


def made_with(ports: Ports, mlflow_run: str, files: Sequence[FileHash]) -> MadeWith:
    """Code and environment of the run that made these model files."""
    card = Card.read(ports.registry.model_files(mlflow_run, files))
    made = _environment(ports, mlflow_run)
    return MadeWith(
        algorithm=card.algorithm,
        params=card.params,
        seed=card.seed,
        libraries=card.libraries,
        revision=made.revision if made else "",
        environment=environment_hash(made) if made else "",
        packages=len(made.packages) if made else 0,
        machine=f"{made.cpu}, {made.cores} cores, {made.system.partition('-')[0]}" if made else "",
    )


def _environment(ports: Ports, mlflow_run: str) -> Environment | None:
    """What the run wrote down of its environment; it is no part of the model, so that a model outlives its loss."""
    try:
        return load(Environment, json.loads(ports.registry.run_file(mlflow_run, ENVIRONMENT)))
    except (Corrupted, ValueError):
        return None
