"""The champion's scores on a holdout that it may know something about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import SpecError
from everfit.steps.base import learnt
from everfit.steps.point_in_time import Rows, history_before
from everfit.steps.rows import batch_rows
from everfit.steps.scoring import scorer

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.ledger import View
    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.values import Batch


@dataclass(frozen=True, eq=False)
class Holdout:
    """The raw rows of each holdout batch, labelled or not, as the candidate's feature code (by SHA-256) makes them.

    `gap` are the batches before it, of which its judges may know nothing either.
    """

    batches: tuple[Batch, ...]
    rows: tuple[pd.DataFrame, ...]
    code: str
    gap: tuple[Batch, ...] = ()

    @property
    def unknown(self) -> frozenset[str]:
        """The partitions that whoever is judged must not have learnt from."""
        return frozenset(batch.partition for batch in (*self.gap, *self.batches))


@dataclass(frozen=True, eq=False)
class Champion:
    """The version to beat; `scores` has one value per raw row of the holdout, None when it learnt from some of them.

    `columns` says what the columns of its scores stand for, if they have several. `predictor` is what gave them,
    `folder` where it was loaded from, and `rows` are the raw rows as its own code makes them.
    """

    version: int
    scores: NDArray[np.float64] | None
    columns: tuple[str, ...] = ()
    predictor: Predictor | None = None
    folder: Path = Path()
    rows: Sequence[pd.DataFrame] = ()

    @property
    def saw_holdout(self) -> bool:
        """Whether it learnt from the holdout, so that no score of it says anything."""
        return self.scores is None


def score_champion(ports: Ports, spec: ModelSpec, view: View, holdout: Holdout) -> Champion | None:
    """Score the ledger's champion on the holdout with its own feature code; None if there is no champion.

    It is asked as it is in production: its own `rows()` on the raw batches, its own stored history. Only if its
    snapshot reached into this holdout or its gap (it was kept from training there too) is its history made again, from
    the batches before, so that it does not know the answers. If it learnt from such a batch it is not scored.
    Errors: `SpecError` if it is a model of another task, or its code makes other rows of the batches, for then there is
    nothing to compare.
    """
    import numpy as np

    from everfit.predictor import Predictor

    if view.champion is None:
        return None
    version, trained = view.versions[view.champion], view.trained_on(view.champion)
    if learnt(view, spec, view.champion) & holdout.unknown:
        return Champion(view.champion, None)
    folder = ports.registry.model_files(version.mlflow_run, version.files)
    predictor = Predictor.load(folder)
    _check_task(spec, predictor, view.champion)
    rows = _rows(ports, spec, predictor, holdout, view.champion)
    predictor = _knowing_only_before(ports, spec, predictor, trained, holdout, rows)
    scores = np.concatenate([scorer(ports, spec, predictor).predict(frame) for frame in rows])
    return Champion(view.champion, scores, predictor.card.scores, predictor, folder, rows)


def _check_task(spec: ModelSpec, predictor: Predictor, version: int) -> None:
    if predictor.card.task != spec.task:
        raise SpecError(
            f"{spec.name}: champion {version} is a {predictor.card.task} model and the spec asks for {spec.task}: the "
            "two answer different questions and cannot be compared. Give the new task a model of its own"
        )


def _rows(
    ports: Ports, spec: ModelSpec, predictor: Predictor, holdout: Holdout, version: int
) -> Sequence[pd.DataFrame]:
    """The raw rows as the champion's code makes them, which is the candidate's more often than not."""
    if predictor.code.sha256 == holdout.code:
        return holdout.rows
    made = [batch_rows(ports, spec, predictor.code, batch) for batch in holdout.batches]
    for batch, ours, theirs in zip(holdout.batches, made, holdout.rows, strict=True):
        _check_same(spec, version, batch, ours, theirs)
    return made


def _knowing_only_before(
    ports: Ports,
    spec: ModelSpec,
    predictor: Predictor,
    trained: RunTriggered,
    holdout: Holdout,
    rows: Sequence[pd.DataFrame],
) -> Predictor:
    """The predictor with no knowledge of the first batch of gap and holdout, or of any after it."""
    first = min(holdout.unknown)
    known = [batch for batch in trained.batches if batch.partition < first]
    if len(known) == len(trained.batches):
        return predictor
    frames = [batch_rows(ports, spec, predictor.code, batch) for batch in known] or rows[:1]
    batches = [Rows(predictor.code, predictor.card.inputs.put_into(frame)) for frame in frames]
    return replace(predictor, history=history_before(predictor.code, batches, len(known)))


def _check_same(spec: ModelSpec, version: int, batch: Batch, ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    found = f"{len(ours):,} rows where the new one makes {len(theirs):,}" if len(ours) != len(theirs) else ""
    if not found and spec.time in ours and not ours[spec.time].equals(theirs[spec.time]):
        found = "its rows in another order than the new one"
    if found:
        raise SpecError(
            f"{spec.name}: of batch {batch.label} the rows() of champion {version} makes {found}, so the two cannot be "
            "compared row by row: let rows() make one row per example in the order of the main table, and leave "
            "examples out by an empty label"
        )
