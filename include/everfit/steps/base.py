"""The version that a training goes on from, where the spec asks for a warm start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit import catalog
from everfit.ledger.entries import RunTriggered
from everfit.predictor import Card
from everfit.values import Features, Snapshot

if TYPE_CHECKING:
    from everfit.features import Columns
    from everfit.ledger import View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec


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


def load_base(ports: Ports, spec: ModelSpec, features: Features, run: str, progress: Progress) -> Base | None:
    """The version that a run goes on from; None, and said why, if it has other features or was made otherwise."""
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
            ("features", card.columns.names, features.columns),
        )
        if then != now
    ]
    if differs:
        progress(f"training from nothing: the {' and '.join(differs)} of champion {version} are not those of today")
        return None
    progress(f"going on from champion {version}")
    return Base(version, card.columns, (folder / catalog.algorithm(card.algorithm).file).read_bytes())
