"""Trains a candidate and keeps everything that says how it was made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import DataError
from everfit.features import Columns, load_code, read_tables, unpack
from everfit.models import EachRound, all_of
from everfit.models.objectives import FILE as OBJECTIVES
from everfit.predictor import Card, Policy, write_model_folder
from everfit.predictor.policy import files
from everfit.steps.base import Base, load_base
from everfit.steps.checkpoints import FOLDER as CHECKPOINTS
from everfit.steps.course import FROM_THE_START, Course, going_on
from everfit.steps.environment import libraries
from everfit.steps.feature_table import TableFile
from everfit.steps.health import check_model, watch_health
from everfit.steps.learn import learn, learnt_from, objective_of
from everfit.steps.lineage import Use, log_files, params, tags
from everfit.steps.placing import Fitted
from everfit.steps.rounds import show_rounds, tell_rounds
from everfit.steps.study import as_chosen, log_study
from everfit.steps.together import FOLDER as SHARES
from everfit.steps.together import trainer
from everfit.values import Candidate, Features, Snapshot, canonical, dump, load

if TYPE_CHECKING:
    import pandas as pd

    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec


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
    table = TableFile.open(ports.store.local_file(features.table))
    base = load_base(ports, spec, snapshot, table, run, progress)
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
        folder, shares = f"{CHECKPOINTS}/{spec.name}/{run}", f"{SHARES}/{spec.name}/{run}"
        with going_on(ports, folder, features.table.sha256, progress, told) as course:
            made = make_model(
                *(ports, spec, snapshot, features, device, work, progress),
                base=base,
                course=course,
                each_round=show_rounds(opened, progress),
                shares=shares,
            )
        trained, seen = made.fitted.trained, made.fitted.watched
        opened.params(params(spec, snapshot, features, made.fitted))
        opened.curves({**trained.curves, **seen.curves})
        opened.metrics(before.until_now() | {"training_seconds": trained.seconds} | seen.metrics)
        opened.tags({f"everfit.{name}": fact for name, fact in trained.facts.items()})
        progress("keeping the model and its lineage")
        log_files(opened, spec, snapshot, features, made.fitted, work)
        if study:
            log_study(opened, study, work)
        files = ports.registry.log_model(opened, made.folder, made.example)
        placement, seconds = made.fitted.placement, round(trained.seconds, 3)
        candidate = Candidate(spec.name, run, opened.id, snapshot.id, files, placement.used, seconds, placement)
    ports.store.create(record, canonical(dump(candidate)))
    for kept in (*ports.store.list(folder), *ports.store.list(shares)):
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
    each_round: EachRound = lambda _: None,
    shares: str = SHARES,
) -> Made:
    """Learn from the features and write the model's folder below `work`; equal input gives equal bytes.

    What several machines share lies in the store's folder `shares` meanwhile, which is for this training alone.

    Errors: `TrainingFailed` if the numbers of the training stop making sense.
    """
    objective = objective_of(spec)
    table = TableFile.open(ports.store.local_file(features.table))
    heard = all_of(tell_rounds(progress), each_round, watch_health(table.largest_label))
    by = trainer(ports, spec, shares)
    columns, fitted = learn(
        *(spec, snapshot, table, device, progress, heard), work=work, base=base, course=course, by=by
    )
    check_model(spec, snapshot, table, columns, fitted.trained, table.largest_label)
    if objective and objective != objective_of(spec):
        raise DataError(f"{objective.path} has changed while the model was trained with it: start a new run")
    folder = _model_folder(ports, spec, snapshot, features, columns, fitted.trained.model, table, work)
    return Made(folder, fitted, table.example)


def _as_recorded(candidate: Candidate, snapshot: Snapshot, run: str) -> Candidate:
    if candidate.snapshot != snapshot.id:
        raise DataError(
            f"run {run!r} was trained on snapshot {candidate.snapshot}, not on {snapshot.id}; "
            "give the new run a name of its own"
        )
    return candidate


def _model_folder(
    ports: Ports,
    spec: ModelSpec,
    snapshot: Snapshot,
    features: Features,
    columns: Columns,
    model: bytes,
    table: TableFile,
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
    ranges = table.ranges([batch.partition for batch in learnt_from(spec, snapshot)])
    extra = files(Policy.of(spec.answers, table.classes), ranges)
    extra |= {OBJECTIVES: objective.source} if objective else {}
    return write_model_folder(work / "model", card, model, code, history, extra)
