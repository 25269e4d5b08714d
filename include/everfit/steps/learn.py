"""Learning: from the feature table to a trained model, as the spec wants it trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from everfit.models import Algorithm, EachRound, Objective, Part, Terms, Trained, Training, sample
from everfit.models.memory import SHARE, available
from everfit.models.objectives import FILE as OBJECTIVES
from everfit.models.objectives import load_objective
from everfit.models.spooled import Spooled
from everfit.spec.consistency import own_objective
from everfit.steps.course import FROM_THE_START, Course
from everfit.steps.dying import within_memory
from everfit.steps.early_stopping import fit_stopping, newest
from everfit.steps.feature_rows import FeatureRows, learn_from
from everfit.steps.feature_table import LABEL, TIME, WEIGHT, TableFile
from everfit.steps.gpu_watch import Watched
from everfit.steps.placing import Fitted, place
from everfit.steps.weights import weights
from everfit.values import Batch, Placement, Snapshot

if TYPE_CHECKING:
    from everfit.features import Columns
    from everfit.ports import Progress
    from everfit.spec import ModelSpec
    from everfit.steps.base import Base

DRAWN = 10_000
"""Held-out rows that a learning curve is drawn from: enough for a picture, too few to cost more than the training."""
BINARY = ("0", "1")


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
    by: Algorithm | None = None,
) -> tuple[Columns, Fitted]:
    """Learn columns and model from the training batches; the holdout is only watched, by so many of its rows.

    What is too much for memory lies in a folder below `work` meanwhile. `by` fits in place of the spec's algorithm,
    such as several machines that do it together.
    """
    batches = learnt_from(spec, snapshot)
    columns = base.columns if base else learn_from(table, _partitions(batches))
    held_out = FeatureRows(table, _partitions(snapshot.held_out), columns)
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work, prefix="rows-", ignore_cleanup_errors=True) as scratch:
        parts = Parts(spec, table, columns, Path(scratch))
        train = parts.weighted("train", batches)
        progress(f"{train.rows:,} rows to learn from, {held_out.rows:,} held out, {len(columns.names)} features")
        data = Training(
            *(spec.task, columns.names, columns.kinds, train, sample(held_out, drawn)),
            classes=table.classes,
            quantiles=spec.quantiles,
            objective=objective_of(spec),
            base=base.model if base else None,
        )

        def fit(on: str, allowed: int) -> Trained:
            memory = min(filter(None, (allowed, spec.train.memory_bytes or int(available() * SHARE))), default=0)
            terms = Terms(on, spec.train.seed, progress, each_round, memory=memory, scratch=Path(scratch))
            return _fit(by or spec.algorithm, spec, data, batches, parts, terms, course)

        def fit_on(on: str) -> Trained:
            return within_memory(partial(fit, on), course.allowed, progress)

        if spec.engine != "local":  # the workers look for GPUs of their own
            trained = fit_on(device)
            return columns, Fitted(trained, Placement(device, trained.device, ""), Watched(None))
        return columns, place(fit_on, device, progress, fallback=spec.train.fallback == "cpu")


def learnt_from(spec: ModelSpec, snapshot: Snapshot) -> tuple[Batch, ...]:
    """The training batches that are really learnt from: the newest, where the spec says how many."""
    return snapshot.training[-(spec.train.batches or len(snapshot.training)) :]


@dataclass(frozen=True, eq=False)
class Parts:
    """Rows of the table as an algorithm takes them; once read, they lie in `scratch`."""

    spec: ModelSpec
    table: TableFile
    columns: Columns
    scratch: Path

    def weighted(self, name: str, batches: Sequence[Batch]) -> Part:
        """Rows to learn from, each as much as the spec lets it count."""
        partitions = _partitions(batches)
        told = [one for one in (LABEL, TIME, WEIGHT) if one in self.table.told]
        train = self.spec.train
        asked = train.weight or train.class_weights or train.half_life
        each = weights(train, self.table.classes or BINARY, self.table.frame(partitions, told)) if asked else None
        return Spooled(FeatureRows(self.table, partitions, self.columns, each), self.scratch / name)

    def alike(self, name: str, batches: Sequence[Batch]) -> Part:
        """Rows that are only watched: all count the same."""
        return Spooled(FeatureRows(self.table, _partitions(batches), self.columns), self.scratch / name)


def _fit(
    algorithm: Algorithm,
    spec: ModelSpec,
    data: Training,
    batches: Sequence[Batch],
    parts: Parts,
    terms: Terms,
    course: Course,
) -> Trained:
    """All rounds, or as many as early stopping finds to be the best."""
    early = spec.train.early_stopping
    if early is None:
        return algorithm.fit(data, replace(terms, checkpoints=course.checkpoints("rounds")))
    older, watched = newest(tuple(batches), early)
    stopping = parts.weighted("older", older), parts.alike("watched", watched)
    return fit_stopping(algorithm, data, stopping, early, terms, course)


def objective_of(spec: ModelSpec) -> Objective | None:
    """The function of the folder's objectives.py that the spec names, if it names one."""
    name = own_objective(spec)
    return load_objective(spec.folder / OBJECTIVES, name) if name else None


def _partitions(batches: Sequence[Batch]) -> tuple[str, ...]:
    return tuple(batch.partition for batch in batches)
