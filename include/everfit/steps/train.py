"""Trains a candidate and keeps everything that says how it was made."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import DataError
from everfit.features import Columns, load_code, read_tables, unpack
from everfit.models import Algorithm, EachRound, Rows, Terms, Trained, Training, sample
from everfit.predictor import Card, write_model_folder
from everfit.steps.base import Base, load_base
from everfit.steps.environment import libraries
from everfit.steps.feature_table import LABEL, FeatureTable
from everfit.steps.lineage import Use, log_files, params, tags
from everfit.steps.rounds import tell_rounds
from everfit.steps.study import as_chosen, log_study
from everfit.steps.together import trainer
from everfit.values import Candidate, Device, Features, Snapshot, canonical, digest, dump, load

if TYPE_CHECKING:
    import pandas as pd

    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec

DRAWN = 10_000
"""Held-out rows that a learning curve is drawn from: enough for a picture, too few to cost more than the training."""


def train(
    ports: Ports,
    spec: ModelSpec,
    snapshot: Snapshot,
    features: Features,
    run: str,
    device: Device,
    progress: Progress,
) -> Candidate:
    """Train a model on the snapshot's features and log it, with its lineage, as the registry's run `run`.

    Where the spec asks for a search, what the run's search chose is trained with. A run that was trained before is
    returned as it is. A try that died is made again, in the same registry run, and gives the same bytes. Errors:
    `DataError` if the run was trained on something else, `SpecError` if its search was not made, and what `fit` raises.
    """
    spec, study = as_chosen(ports, spec, run)
    record = f"models/{spec.name}/{run}/candidate.json"
    if ports.store.exists(record):
        return _as_recorded(load(Candidate, json.loads(ports.store.read(record))), snapshot, run)
    work = ports.work / "train" / spec.name / run
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    base = load_base(ports, spec, features, run, progress)
    if base:
        spec = spec.model_copy(update={"train": spec.train.going_on})
    with ports.registry.run(spec.name, run, key=run) as opened:
        opened.tags(tags(spec, snapshot, features, run, ports.ledger(spec.name).view()))
        if snapshot.gap:
            opened.dataset(snapshot.id, snapshot.between, "gap")
        opened.dataset(snapshot.id, snapshot.training, "training")
        opened.dataset(snapshot.id, snapshot.held_out, "holdout")
        before = Use.now()
        if base:
            opened.tags({"everfit.base": str(base.version)})
        made = make_model(ports, spec, snapshot, features, device, work, progress, base)
        trained = made.trained
        opened.params(params(spec, snapshot, features, trained))
        opened.curves(trained.curves)
        opened.metrics(before.until_now() | {"training_seconds": trained.seconds})
        progress("keeping the model and its lineage")
        log_files(opened, spec, snapshot, features, trained, work)
        if study:
            log_study(opened, study, work)
        files = ports.registry.log_model(opened, made.folder, made.example)
        candidate = Candidate(spec.name, run, opened.id, snapshot.id, files, trained.device, round(trained.seconds, 3))
    ports.store.create(record, canonical(dump(candidate)))
    shutil.rmtree(work)
    return load(Candidate, json.loads(ports.store.read(record)))


@dataclass(frozen=True, eq=False)
class Made:
    """A model that has just been trained: its folder, how it went, and a few rows as a caller would send them."""

    folder: Path
    trained: Trained
    example: pd.DataFrame


def make_model(
    ports: Ports,
    spec: ModelSpec,
    snapshot: Snapshot,
    features: Features,
    device: Device,
    work: Path,
    progress: Progress,
    base: Base | None = None,
) -> Made:
    """Learn from the features and write the model's folder below `work`; equal input gives equal bytes."""
    table = FeatureTable.read(ports.store.local_file(features.table))
    shares = f"shares/{spec.name}/{digest([features.table.sha256, work.as_posix()])[:16]}"
    by = trainer(ports, spec, shares)
    columns, trained = learn(spec, snapshot, table, device.value, progress, tell_rounds(progress), base=base, by=by)
    folder = _model_folder(ports, spec, snapshot, features, columns, trained, table, work)
    return Made(folder, trained, table.example)


def _as_recorded(candidate: Candidate, snapshot: Snapshot, run: str) -> Candidate:
    if candidate.snapshot != snapshot.id:
        raise DataError(
            f"run {run!r} was trained on snapshot {candidate.snapshot}, not on {snapshot.id}; "
            "give the new run a name of its own"
        )
    return candidate


def learn(
    spec: ModelSpec,
    snapshot: Snapshot,
    table: FeatureTable,
    device: str,
    progress: Progress,
    each_round: EachRound,
    drawn: int = DRAWN,
    *,
    base: Base | None = None,
    by: Algorithm | None = None,
) -> tuple[Columns, Trained]:
    """Learn columns and model from the training batches; the holdout is only watched, by so many of its rows.

    `by` fits in place of the spec's algorithm, such as several machines that do it together.
    """
    newest = snapshot.training[-(spec.train.batches or len(snapshot.training)) :]
    learnt, watch = (table.of(tuple(b.partition for b in part)) for part in (newest, snapshot.held_out))
    columns = base.columns if base else Columns.learn(learnt.features)
    train, held_out = _rows(columns, learnt), _rows(columns, watch)
    progress(f"{train.rows:,} rows to learn from, {held_out.rows:,} held out, {len(columns.names)} features")
    data = Training(
        spec.task, columns.names, columns.kinds, train, sample(held_out, drawn), base=base.model if base else None
    )
    return columns, (by or spec.algorithm).fit(data, Terms(device, spec.train.seed, progress, each_round))


def _rows(columns: Columns, table: FeatureTable) -> Rows:
    return Rows(columns.encode(table.features), table.frame[LABEL].to_numpy(dtype="float32"))


def _model_folder(
    ports: Ports,
    spec: ModelSpec,
    snapshot: Snapshot,
    features: Features,
    columns: Columns,
    trained: Trained,
    table: FeatureTable,
    work: Path,
) -> Path:
    code = load_code(spec.code_path)
    if code.sha256 != features.code:
        raise DataError(f"{code.path} has changed since the features of this run were built: start a new run")
    unpack(ports.store.local_file(features.history), work / "history")
    history = read_tables(work / "history")
    card = Card(
        model=spec.name,
        task=spec.task,
        label=spec.label,
        algorithm=spec.train.algorithm,
        params=dump(spec.algorithm),
        seed=spec.train.seed,
        snapshot=snapshot.id,
        code=code.sha256,
        inputs=table.inputs,
        columns=columns,
        history=tuple(sorted(history)),
        libraries=libraries(),
    )
    return write_model_folder(work / "model", card, trained.model, code, history)
