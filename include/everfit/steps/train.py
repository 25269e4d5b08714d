"""Trains a candidate and keeps everything that says how it was made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import DataError
from everfit.features import Columns, load_code, read_tables, unpack
from everfit.models import Algorithm, EachRound, Objective, Rows, Terms, Trained, Training, sample
from everfit.models.objectives import FILE as OBJECTIVES
from everfit.models.objectives import load_objective
from everfit.predictor import Card, write_model_folder
from everfit.spec.consistency import own_objective
from everfit.steps.base import Base, load_base
from everfit.steps.checkpoints import FOLDER
from everfit.steps.course import Course, going_on
from everfit.steps.dying import within_memory
from everfit.steps.early_stopping import fit_stopping, newest
from everfit.steps.environment import libraries
from everfit.steps.feature_table import GROUP, LABEL, OBSERVED, FeatureTable
from everfit.steps.gpu_watch import Watched
from everfit.steps.lineage import Use, log_files, params, tags
from everfit.steps.placing import Fitted, place
from everfit.steps.rounds import tell_rounds
from everfit.steps.study import as_chosen, log_study
from everfit.steps.together import trainer
from everfit.steps.weights import weights
from everfit.values import Batch, Candidate, Features, Placement, Snapshot, canonical, digest, dump, load

if TYPE_CHECKING:
    import pandas as pd

    from everfit.models import Trained
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec

BINARY = ("0", "1")
FROM_THE_START = Course()

DRAWN = 10_000
"""Held-out rows that a learning curve is drawn from: enough for a picture, too few to cost more than the training."""


def train(
    ports: Ports,
    spec: ModelSpec,
    snapshot: Snapshot,
    features: Features,
    run: str,
    device: str,
    progress: Progress,
    told: Callable[[str, int], None] = lambda key, done: None,  # noqa: ARG005
) -> Candidate:
    """Train a model on the snapshot's features and log it, with its lineage, as the registry's run `run`.

    Where the spec asks for a search, what the run's search chose is trained with. A run that was trained before is
    returned as it is. A try that died is gone on with, in the same registry run, and gives the same bytes; `told` hears
    the key and the rounds of each checkpoint. Errors: `DataError` if the run was trained on something else, `SpecError`
    if its search was not made, and what `fit` raises.
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
        folder = f"{FOLDER}/{spec.name}/{run}"
        with going_on(ports, folder, features.table.sha256, progress, told) as course:
            made = make_model(ports, spec, snapshot, features, device, work, progress, base=base, course=course)
        trained, seen = made.fitted.trained, made.fitted.watched
        opened.params(params(spec, snapshot, features, made.fitted))
        opened.curves({**trained.curves, **seen.curves})
        opened.metrics(before.until_now() | {"training_seconds": trained.seconds} | seen.metrics)
        progress("keeping the model and its lineage")
        log_files(opened, spec, snapshot, features, made.fitted, work)
        if study:
            log_study(opened, study, work)
        files = ports.registry.log_model(opened, made.folder, made.example)
        placement, seconds = made.fitted.placement, round(trained.seconds, 3)
        candidate = Candidate(spec.name, run, opened.id, snapshot.id, files, placement.used, seconds, placement)
    ports.store.create(record, canonical(dump(candidate)))
    for kept in ports.store.list(folder):
        ports.store.delete(kept)
    shutil.rmtree(work)
    return load(Candidate, json.loads(ports.store.read(record)))


@dataclass(frozen=True, eq=False)
class Made:
    """A model that has just been trained: its folder, how it went, and a few rows as a caller would send them."""

    folder: Path
    fitted: Fitted
    example: pd.DataFrame


def make_model(
    ports: Ports,
    spec: ModelSpec,
    snapshot: Snapshot,
    features: Features,
    device: str,
    work: Path,
    progress: Progress,
    *,
    base: Base | None = None,
    course: Course = FROM_THE_START,
) -> Made:
    """Learn from the features and write the model's folder below `work`; equal input gives equal bytes."""
    table = FeatureTable.read(ports.store.local_file(features.table))
    heard = tell_rounds(progress)
    shares = f"shares/{spec.name}/{digest([features.table.sha256, work.as_posix()])[:16]}"
    by = trainer(ports, spec, shares)
    columns, fitted = learn(spec, snapshot, table, device, progress, heard, base=base, course=course, by=by)
    folder = _model_folder(ports, spec, snapshot, features, columns, fitted.trained.model, table, work)
    return Made(folder, fitted, table.example)


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
    course: Course = FROM_THE_START,
    by: Algorithm | None = None,
) -> tuple[Columns, Fitted]:
    """Learn columns and model from the training batches; the holdout is only watched, by so many of its rows.

    `by` fits in place of the spec's algorithm, such as several machines that do it together.
    """
    batches = snapshot.training[-(spec.train.batches or len(snapshot.training)) :]
    early = spec.train.early_stopping
    older, watched = newest(batches, early) if early else ((), ())
    learnt, watch = _of(table, batches), _of(table, snapshot.held_out)
    columns = base.columns if base else Columns.learn(learnt.features)
    train, held_out = _weighted(spec, columns, learnt), _rows(columns, known_to_the_model(watch))
    progress(f"{train.rows:,} rows to learn from, {held_out.rows:,} held out, {len(columns.names)} features")
    data = Training(
        spec.task,
        columns.names,
        columns.kinds,
        train,
        sample(held_out, drawn),
        classes=table.classes,
        quantiles=spec.quantiles,
        objective=objective_of(spec),
        base=base.model if base else None,
    )

    def fit(on: str, memory: int) -> Trained:
        algorithm: Algorithm = by or spec.algorithm
        terms = Terms(on, spec.train.seed, progress, each_round, memory=memory)
        if early is None:
            return algorithm.fit(data, replace(terms, checkpoints=course.checkpoints("rounds")))
        parts = _weighted(spec, columns, _of(table, older)), _rows(columns, known_to_the_model(_of(table, watched)))
        return fit_stopping(algorithm, data, parts, early, terms, course)

    def fit_on(on: str) -> Trained:
        return within_memory(partial(fit, on), course.allowed, progress)

    if spec.engine != "local":  # the workers look for GPUs of their own
        trained = fit_on(device)
        return columns, Fitted(trained, Placement(device, trained.device, ""), Watched(None))
    return columns, place(fit_on, device, progress, fallback=spec.train.fallback == "cpu")


def _of(table: FeatureTable, batches: Sequence[Batch]) -> FeatureTable:
    return table.of(tuple(batch.partition for batch in batches))


def _rows(columns: Columns, table: FeatureTable) -> Rows:
    """The rows as an algorithm takes them, all of one weight."""
    frame = table.frame
    return Rows(
        columns.encode(table.features),
        frame[LABEL].to_numpy(dtype="float32"),
        groups=frame[GROUP].to_numpy(dtype="int64") if GROUP in frame else None,
        observed=frame[OBSERVED].to_numpy(dtype=bool) if OBSERVED in frame else None,
    )


def _weighted(spec: ModelSpec, columns: Columns, table: FeatureTable) -> Rows:
    """The rows to learn from, each as much as the spec lets it count."""
    return replace(_rows(columns, table), weights=weights(spec.train, table.classes or BINARY, table.frame))


def objective_of(spec: ModelSpec) -> Objective | None:
    """The function of the folder's objectives.py that the spec names, if it names one."""
    name = own_objective(spec)
    return load_objective(spec.folder / OBJECTIVES, name) if name else None


def known_to_the_model(table: FeatureTable) -> FeatureTable:
    """The rows whose class the model has learnt: of another one no curve can be drawn. The gates see all of them."""
    if not table.strangers:
        return table
    return replace(table, frame=table.frame[table.frame[LABEL] < len(table.classes)].reset_index(drop=True))


def _model_folder(
    ports: Ports,
    spec: ModelSpec,
    snapshot: Snapshot,
    features: Features,
    columns: Columns,
    model: bytes,
    table: FeatureTable,
    work: Path,
) -> Path:
    code = load_code(spec.code_path)
    if code.sha256 != features.code:
        raise DataError(f"{code.path} has changed since the features of this run were built: start a new run")
    unpack(ports.store.local_file(features.history), work / "history")
    history = read_tables(work / "history")
    objective = objective_of(spec)
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
        classes=table.classes,
        quantiles=spec.quantiles,
        objectives=objective.sha256 if objective else "",
    )
    extra = {OBJECTIVES: objective.source} if objective else {}
    return write_model_folder(work / "model", card, model, code, history, extra)
