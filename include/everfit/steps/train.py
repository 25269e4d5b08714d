"""Trains a candidate and keeps everything that says how it was made."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import DataError
from everfit.features import Columns, load_code, read_tables, unpack
from everfit.models import Terms, Trained, Training, sample
from everfit.models.memory import SHARE, available
from everfit.models.spooled import Spooled
from everfit.predictor import Card, write_model_folder
from everfit.steps.environment import libraries
from everfit.steps.feature_rows import FeatureRows, learn
from everfit.steps.feature_table import TableFile
from everfit.steps.lineage import Use, log_files, params, tags
from everfit.steps.rounds import tell_rounds
from everfit.values import Candidate, Device, Features, Snapshot, canonical, dump, load

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

    A run that was trained before is returned as it is. A try that died is made again, in the same registry run, and
    gives the same bytes. Errors: `DataError` if the run was trained on something else, and what `fit` raises.
    """
    record = f"models/{spec.name}/{run}/candidate.json"
    if ports.store.exists(record):
        return _as_recorded(load(Candidate, json.loads(ports.store.read(record))), snapshot, run)
    work = ports.work / "train" / spec.name / run
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with ports.registry.run(spec.name, run, key=run) as opened:
        opened.tags(tags(spec, snapshot, features, run, ports.ledger(spec.name).view()))
        if snapshot.gap:
            opened.dataset(snapshot.id, snapshot.between, "gap")
        opened.dataset(snapshot.id, snapshot.training, "training")
        opened.dataset(snapshot.id, snapshot.held_out, "holdout")
        before = Use.now()
        made = make_model(ports, spec, snapshot, features, device, work, progress)
        trained = made.trained
        opened.params(params(spec, snapshot, features, trained))
        opened.curves(trained.curves)
        opened.metrics(before.until_now() | {"training_seconds": trained.seconds})
        opened.tags({f"everfit.{name}": fact for name, fact in trained.facts.items()})
        progress("keeping the model and its lineage")
        log_files(opened, spec, snapshot, features, trained, work)
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
) -> Made:
    """Learn from the features and write the model's folder below `work`; equal input gives equal bytes."""
    table = TableFile.open(ports.store.local_file(features.table))
    columns, trained = _fit(spec, snapshot, table, device, work / "matrix", progress)
    folder = _model_folder(ports, spec, snapshot, features, columns, trained, table, work)
    return Made(folder, trained, table.example)


def _as_recorded(candidate: Candidate, snapshot: Snapshot, run: str) -> Candidate:
    if candidate.snapshot != snapshot.id:
        raise DataError(
            f"run {run!r} was trained on snapshot {candidate.snapshot}, not on {snapshot.id}; "
            "give the new run a name of its own"
        )
    return candidate


def _fit(
    spec: ModelSpec, snapshot: Snapshot, table: TableFile, device: Device, scratch: Path, progress: Progress
) -> tuple[Columns, Trained]:
    """Learn columns and model from the training batches; the holdout is only watched."""
    learnt, watched = (tuple(b.partition for b in part) for part in (snapshot.training, snapshot.held_out))
    columns = learn(table, learnt)
    train = Spooled(FeatureRows(table, learnt, columns), scratch / "train.rows")
    held_out = FeatureRows(table, watched, columns)
    progress(f"{train.rows:,} rows to learn from, {held_out.rows:,} held out, {len(columns.names)} features")
    data = Training(spec.task, columns.names, columns.kinds, train, sample(held_out, DRAWN))
    memory = spec.train.memory_bytes or int(available() * SHARE)
    terms = Terms(device.value, spec.train.seed, progress, tell_rounds(progress), memory=memory, scratch=scratch)
    return columns, spec.algorithm.fit(data, terms)


def _model_folder(
    ports: Ports,
    spec: ModelSpec,
    snapshot: Snapshot,
    features: Features,
    columns: Columns,
    trained: Trained,
    table: TableFile,
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
