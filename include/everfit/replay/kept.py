"""The steps that cost most, done once for all worlds in which they would come to the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from everfit.cost import Use
from everfit.ledger.entries import BatchAccepted, BatchQuarantined
from everfit.spec import RetrainSpec
from everfit.steps.evaluate import evaluate
from everfit.steps.recipe import recipe
from everfit.steps.snapshot import TrainRequest, as_asked
from everfit.steps.standing import standing
from everfit.steps.validate import validate
from everfit.values import Evaluation, FileHash, Inspection, canonical, digest, dump, load

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Progress
    from everfit.replay.world import World
    from everfit.spec import ModelSpec
    from everfit.values import Arrival, Candidate, Features, Snapshot

EVALUATION = "-evaluation.json"
MADE = "made"
"""How the objects of an evaluation begin that is kept for other worlds."""


def essence(spec: ModelSpec) -> str:
    """The hash of everything in a model's folder but why it is trained: in this, policies do not differ."""
    said = spec.model_copy(update={"retrain": RetrainSpec()}).spec_hash
    files = sorted(path for path in spec.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return digest([said, *([one.name, one.sha256] for one in map(FileHash.of, files) if one.name != "model.yaml")])


def run_name(world: World, request: TrainRequest) -> str:
    """A name that says all that a run's candidate is made from, so that equal candidates are made once.

    A second run of the same in one world (a recall has asked for it, say) is another run. Errors: as `resolve`.
    """
    view, spec = world.view, world.spec
    asked = as_asked(view, spec, request)
    base = [digest([file.sha256 for file in view.versions[asked.base].files])] if asked.base else []
    what = [essence(spec), recipe(spec), asked.snapshot, asked.device, base]
    name = f"replay-{world.memo.digest(what)[:12]}"
    again = sum(entry.body.run.endswith(name) for entry in view.triggers)
    return f"again-{again}-{name}" if again else name


def inspected(world: World, arrival: Arrival) -> Inspection:
    """What validation finds in a delivery, given the deliveries that were settled before it."""
    view = world.view
    before = [
        [entry.kind, entry.body.batch.partition, entry.body.batch.sha256]
        if isinstance(entry.body, BatchAccepted)
        else [entry.kind, entry.body.partition, entry.body.sha256]
        for entry in view.entries
        if isinstance(entry.body, BatchAccepted | BatchQuarantined)
    ]
    key = [essence(world.spec), dump(arrival), before]
    found = world.memo.recall("inspections", key, Inspection, lambda: validate(world.ports, world.spec, arrival))
    return replace(found, upto=len(view.entries))


def evaluated(
    world: World, snapshot: Snapshot, features: Features, candidate: Candidate, progress: Progress
) -> tuple[Evaluation, Use]:
    """The evaluation of a candidate against this world's champion, and what it takes.

    What was found against a champion of the same files, at the same level, is put into this world's own store, where
    `evaluate` finds it. Versions have other numbers in other worlds, so the number is this world's.
    """
    view = world.view
    key = [essence(world.spec), dump(candidate), *_against(view, world.spec, snapshot, candidate)]
    stem = f"evidence/{world.spec.name}/{candidate.run}"
    folder = f"memo/evaluations/{world.memo.digest(key)}"
    _put_back(world, folder, stem)
    made, use = world.memo.taking(
        "evaluate", key, lambda: evaluate(world.ports, world.spec, snapshot, features, candidate, progress)
    )
    if not world.memo.store.exists(f"{folder}/{MADE}{EVALUATION}"):
        _set_aside(world, folder, stem)
    return made, use


def _against(view: View, spec: ModelSpec, snapshot: Snapshot, candidate: Candidate) -> list[Any]:
    """All of the ledger that an evaluation looks at: the champion, what it learnt from, and what may be spent."""
    stands = dump(standing(view, spec, snapshot.held_out, candidate))
    if view.champion is None:
        return [stands, None]
    made = dump(view.versions[view.champion])["files"]
    return [stands, made, [[run.snapshot, run.holdout, run.gap] for run in view.line(view.champion)]]


def _set_aside(world: World, folder: str, stem: str) -> None:
    """Keep for other worlds what an evaluation has left; the evaluation itself last."""
    store = world.ports.store
    found = [key for key in store.list(stem.rpartition("/")[0]) if key.startswith((f"{stem}.", f"{stem}-"))]
    for key in sorted(found, key=lambda key: key.endswith(EVALUATION)):
        world.memo.store.write(f"{folder}/{MADE}{key.removeprefix(stem)}", store.read(key))


def _put_back(world: World, folder: str, stem: str) -> None:
    shared, store = world.memo.store, world.ports.store
    if not shared.exists(f"{folder}/{MADE}{EVALUATION}"):
        return
    for key in shared.list(folder):
        store.write(f"{stem}{key.removeprefix(f'{folder}/{MADE}')}", shared.read(key))
    found = load(Evaluation, json.loads(store.read(f"{stem}{EVALUATION}")))
    store.write(f"{stem}{EVALUATION}", canonical(dump(replace(found, champion=world.view.champion))))
