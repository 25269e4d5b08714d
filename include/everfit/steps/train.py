"""Trains a candidate and keeps everything that says how it was made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from everfit.errors import DataError
from everfit.features import Columns, load_code, read_tables, unpack
from everfit.models import Algorithm, EachRound, Part, Terms, Trained, Training, sample
from everfit.models.memory import SHARE, available
from everfit.models.spooled import Spooled
from everfit.predictor import Card, write_model_folder
from everfit.steps.base import Base, load_base
from everfit.steps.checkpoints import FOLDER
from everfit.steps.course import Course, going_on
from everfit.steps.dying import within_memory
from everfit.steps.early_stopping import fit_stopping, newest
from everfit.steps.environment import libraries
from everfit.steps.feature_rows import FeatureRows, learn_from
from everfit.steps.feature_table import TableFile
from everfit.steps.lineage import Use, log_files, params, tags
from everfit.steps.placing import Fitted, place
from everfit.steps.rounds import tell_rounds
from everfit.steps.study import as_chosen, log_study
from everfit.values import Batch, Candidate, Features, Snapshot, canonical, dump, load

if TYPE_CHECKING:
    import pandas as pd

    from everfit.models import Trained
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec

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
        opened.tags({f"everfit.{name}": fact for name, fact in trained.facts.items()})
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
    table = TableFile.open(ports.store.local_file(features.table))
    heard = tell_rounds(progress)
    columns, fitted = learn(spec, snapshot, table, device, progress, heard, work=work, base=base, course=course)
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
    table: TableFile,
    device: str,
    progress: Progress,
    each_round: EachRound,
    drawn: int = DRAWN,
    *,
    work: Path,
    base: Base | None = None,
    course: Course = FROM_THE_START,
) -> tuple[Columns, Fitted]:
    """Learn columns and model from the training batches; the holdout is only watched, by so many of its rows.

    What is too much for memory lies in a folder below `work` meanwhile.
    """
    batches = snapshot.training[-(spec.train.batches or len(snapshot.training)) :]
    early = spec.train.early_stopping
    older, watched = newest(batches, early) if early else ((), ())
    learnt, held_out_of = _partitions(batches), _partitions(snapshot.held_out)
    columns = base.columns if base else learn_from(table, learnt)
    held_out = FeatureRows(table, held_out_of, columns)
    with TemporaryDirectory(dir=work, prefix="rows-", ignore_cleanup_errors=True) as scratch:

        def rows(name: str, of: Sequence[Batch]) -> Part:
            return Spooled(FeatureRows(table, _partitions(of), columns), Path(scratch, name))

        train = rows("train", batches)
        progress(f"{train.rows:,} rows to learn from, {held_out.rows:,} held out, {len(columns.names)} features")
        begin = base.model if base else None
        data = Training(spec.task, columns.names, columns.kinds, train, sample(held_out, drawn), base=begin)

        def fit(on: str, allowed: int) -> Trained:
            algorithm: Algorithm = spec.algorithm
            memory = min(filter(None, (allowed, spec.train.memory_bytes or int(available() * SHARE))), default=0)
            terms = Terms(on, spec.train.seed, progress, each_round, memory=memory, scratch=Path(scratch))
            if early is None:
                return algorithm.fit(data, replace(terms, checkpoints=course.checkpoints("rounds")))
            parts = rows("older", older), rows("watched", watched)
            return fit_stopping(algorithm, data, parts, early, terms, course)

        def fit_on(on: str) -> Trained:
            return within_memory(partial(fit, on), course.allowed, progress)

        return columns, place(fit_on, device, progress, fallback=spec.train.fallback == "cpu")


def _partitions(batches: Sequence[Batch]) -> tuple[str, ...]:
    return tuple(batch.partition for batch in batches)


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
    return write_model_folder(work / "model", card, model, code, history)
