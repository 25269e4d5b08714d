"""What a training run says about itself: settings, sizes, use of the machine, pictures, and what it was made from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from everfit.ledger.entries import BatchAccepted, PointersPublished
from everfit.models.memory import Peak
from everfit.plots.training import importance, learning_curves
from everfit.steps.environment import environment, environment_hash
from everfit.steps.learn import objective_of
from everfit.steps.placing import Fitted
from everfit.values import Batch, Features, Placement, Snapshot, dump

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Run
    from everfit.spec import ModelSpec


def params(spec: ModelSpec, snapshot: Snapshot, features: Features, fitted: Fitted) -> dict[str, Any]:
    """The settings of a run, and the sizes of what it was given."""
    return {
        "algorithm": spec.train.algorithm,
        **dump(spec.algorithm),
        "seed": spec.train.seed,
        "device": fitted.placement.used,
        "device_wanted": fitted.placement.wanted,
        "threads": fitted.trained.threads,
        "kept_rounds": fitted.trained.rounds,
        **fitted.trained.facts,
        "batches": ", ".join(b.label for b in snapshot.training),
        "holdout": ", ".join(b.label for b in snapshot.held_out),
        "features": len(features.columns),
        "training_rows": features.training_rows,
        "holdout_rows": features.holdout_rows,
        "unlabeled_rows": features.unlabeled_rows,
    }


def tags(spec: ModelSpec, snapshot: Snapshot, features: Features, run: str, view: View) -> dict[str, str]:
    """What a run can be found by: the hashes of what it was made from, as far as the ledger's `view` knows them."""
    return {
        "everfit.model": spec.name,
        "everfit.run": run,
        "everfit.snapshot": snapshot.id,
        "everfit.features": features.table.sha256,
        "everfit.code": features.code,
        **({"everfit.objectives": own.sha256} if (own := objective_of(spec)) else {}),
        "everfit.spec": spec.spec_hash,
        "everfit.seed": str(spec.train.seed),
        "everfit.window": spec.window.words,
        "everfit.split": split(snapshot),
        "everfit.batches": batches(snapshot.batches),
        "everfit.pointers": published(view, snapshot) or "in no git revision yet",
    }


def device_tags(placement: Placement) -> dict[str, str]:
    """On which device a model was made, which one was wanted, and why it is not that one, if it is not."""
    why = {"everfit.device_why": placement.why} if placement.why else {}
    return {"everfit.device": placement.used, "everfit.device_wanted": placement.wanted, **why}


def split(snapshot: Snapshot) -> str:
    """How the batches of a snapshot are used.

    >>> split(Snapshot("m", (), 0))
    '0 learnt from, 0 judged on'
    """
    apart = f"{snapshot.gap} kept apart, " if snapshot.gap else ""
    return f"{len(snapshot.training)} learnt from, {apart}{snapshot.holdout} judged on"


def batches(used: Sequence[Batch]) -> str:
    """Batches and the hashes of their content, as one text that a search finds a hash in."""
    return " ".join(f"{batch.label.replace(' ', '-')}:{batch.sha256}" for batch in used)


def published(view: View, snapshot: Snapshot) -> str:
    """The first git revision that holds the pointers of all batches of a snapshot, "" if none does yet."""
    accepted = [entry.seq for entry in view.of(BatchAccepted) if entry.body.batch in snapshot.batches]
    found = (entry.body for entry in view.of(PointersPublished))
    return next((body.revision for body in found if accepted and body.upto >= max(accepted)), "")


def log_files(opened: Run, spec: ModelSpec, snapshot: Snapshot, features: Features, fitted: Fitted, work: Path) -> None:
    """Pictures, and the lineage as files: what exactly the model was made from."""
    made_with = environment(spec.folder)
    opened.tags(
        {
            "everfit.revision": made_with.revision or "unknown",
            "everfit.python": made_with.python,
            "everfit.environment": environment_hash(made_with),
            **device_tags(fitted.placement),
        }
    )
    learning_curves(fitted.trained.curves, work / "plots" / "learning_curves.png")
    if fitted.trained.importance:
        importance(fitted.trained.importance, work / "plots" / "importance.png")
    opened.artifact(work / "plots", "plots")
    lineage = work / "lineage"
    lineage.mkdir()
    said = {"snapshot": snapshot, "features": features, "environment": made_with}
    texts = {name: dump(value) for name, value in said.items()} | {
        "training": {
            "seed": spec.train.seed,
            "threads": fitted.trained.threads,
            "rounds": fitted.trained.rounds,
            "facts": dict(fitted.trained.facts),
        },
        "spec": spec.model_dump(mode="json"),
        "device": {**dump(fitted.placement), "gpu": dump(fitted.watched.use) if fitted.watched.use else None},
    }
    for name, data in texts.items():
        (lineage / f"{name}.json").write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    opened.artifact(lineage, "lineage")


MIB = 2**20


@dataclass(frozen=True)
class Use:
    """What this process had used of the machine at some moment."""

    wall: float
    cpu: float
    peak: Peak

    @classmethod
    def now(cls) -> Use:
        """This moment."""
        return cls(perf_counter(), process_time(), Peak())

    def until_now(self) -> dict[str, float]:
        """Seconds of wall and CPU time since then, and the most memory that the process held meanwhile."""
        return {
            "seconds": perf_counter() - self.wall,
            "cpu_seconds": process_time() - self.cpu,
            "peak_memory_mb": self.peak.held() / MIB,
        }
