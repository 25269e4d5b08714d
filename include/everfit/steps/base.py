"""The version that a training goes on from, where the spec asks for a warm start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit import catalog
from everfit.ledger.entries import RunTriggered
from everfit.predictor import Card
from everfit.steps.feature_rows import learn_from
from everfit.values import Snapshot

if TYPE_CHECKING:
    from everfit.features import Columns
    from everfit.ledger import View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec
    from everfit.steps.feature_table import TableFile


@dataclass(frozen=True, eq=False)
class Base:
    """A version to go on from: its model's bytes, and the columns that its matrix has."""

    version: int
    columns: Columns
    model: bytes


def base_for(view: View, spec: ModelSpec, snapshot: Snapshot) -> int | None:
    """The champion, if the spec asks to go on from it and that can be judged fairly.

    It cannot if the champion, or one that it went on from, learnt from a batch that this snapshot holds out or apart;
    and after so many generations a model begins from nothing, lest it grow for ever.
    """
    warm, champion = spec.train.warm_start, view.champion
    if warm is None or champion is None or champion in view.touched:
        return None
    unknown = {batch.partition for batch in (*snapshot.between, *snapshot.held_out)}
    if len(view.line(champion)) > warm.generations or learnt(view, spec, champion) & unknown:
        return None
    return champion


def learnt(view: View, spec: ModelSpec, version: int) -> frozenset[str]:
    """The partitions that a version learnt from, itself or by the version that it went on from."""
    snapshots = (Snapshot(spec.name, run.batches, run.holdout, run.gap) for run in view.line(version))
    return frozenset(batch.partition for snapshot in snapshots for batch in snapshot.training)


def load_base(
    ports: Ports, spec: ModelSpec, snapshot: Snapshot, table: TableFile, run: str, progress: Progress
) -> Base | None:
    """The version that a run goes on from; None, and said why, if it has other features or was made otherwise.

    Its trees ask for columns by their place, and for categories by theirs: with others they would answer nonsense.
    """
    view = ports.ledger(spec.name).view()
    entry = view.claimed(f"run:{run}")
    version = entry.body.base if entry and isinstance(entry.body, RunTriggered) else None
    if version is None:
        if spec.train.warm_start:
            progress("training from nothing: there is no champion to go on from that does not know the holdout")
        return None
    made = view.versions[version]
    folder = ports.registry.model_files(made.mlflow_run, made.files)
    card = Card.read(folder)
    differs = [
        what
        for what, then, now in (
            ("algorithm", card.algorithm, spec.train.algorithm),
            ("task", card.task, spec.task),
            ("features", card.columns.names, table.features),
            ("kinds of features", *_kinds(card, snapshot, table)),
            ("classes", card.classes, table.classes),
            ("quantiles", card.quantiles, spec.quantiles),
        )
        if then != now
    ]
    if differs:
        progress(f"training from nothing: the {' and '.join(differs)} of champion {version} are not those of today")
        return None
    progress(f"going on from champion {version}")
    return Base(version, card.columns, (folder / catalog.algorithm(card.algorithm).file).read_bytes())


def _kinds(card: Card, snapshot: Snapshot, table: TableFile) -> tuple[list[str], list[str]]:
    """Number or text, for each column that is there now and was then; one that is empty now may be either."""
    now = learn_from(table, tuple(batch.partition for batch in snapshot.training))
    then = {column.name: column.kind for column in card.columns.columns}
    both = [(then[one.name], one) for one in now.columns if one.name in then]
    return [kind for kind, _ in both], [one.kind if one.kind == "q" or one.categories else kind for kind, one in both]
