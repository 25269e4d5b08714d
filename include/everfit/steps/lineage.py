"""What a training run says about itself: settings, sizes, use of the machine, pictures, and what it was made from."""

from __future__ import annotations

import json
import resource
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from everfit.models import Trained
from everfit.plots.training import importance, learning_curves
from everfit.steps.environment import environment
from everfit.values import Features, Snapshot, dump

if TYPE_CHECKING:
    from everfit.ports import Run
    from everfit.spec import ModelSpec


def params(spec: ModelSpec, snapshot: Snapshot, features: Features, trained: Trained) -> dict[str, Any]:
    """The settings of a run, and the sizes of what it was given."""
    return {
        "algorithm": spec.train.algorithm,
        **dump(spec.algorithm),
        "seed": spec.train.seed,
        "device": trained.device,
        "threads": trained.threads,
        "batches": ", ".join(b.label for b in snapshot.training),
        "holdout": ", ".join(b.label for b in snapshot.held_out),
        "features": len(features.columns),
        "training_rows": features.training_rows,
        "holdout_rows": features.holdout_rows,
        "unlabeled_rows": features.unlabeled_rows,
    }


def tags(spec: ModelSpec, snapshot: Snapshot, features: Features, run: str) -> dict[str, str]:
    """What a run can be found by: the hashes of what it was made from."""
    return {
        "everfit.model": spec.name,
        "everfit.run": run,
        "everfit.snapshot": snapshot.id,
        "everfit.features": features.table.sha256,
        "everfit.code": features.code,
        "everfit.spec": spec.spec_hash,
    }


def log_files(
    opened: Run, spec: ModelSpec, snapshot: Snapshot, features: Features, trained: Trained, work: Path
) -> None:
    """Pictures, and the lineage as files: what exactly the model was made from."""
    made_with = environment(spec.folder)
    opened.tags({"everfit.revision": made_with.revision or "unknown", "everfit.python": made_with.python})
    learning_curves(trained.curves, work / "plots" / "learning_curves.png")
    importance(trained.importance, work / "plots" / "importance.png")
    opened.artifact(work / "plots", "plots")
    lineage = work / "lineage"
    lineage.mkdir()
    said = {"snapshot": snapshot, "features": features, "environment": made_with}
    texts = {name: dump(value) for name, value in said.items()} | {"spec": spec.model_dump(mode="json")}
    for name, data in texts.items():
        (lineage / f"{name}.json").write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    opened.artifact(lineage, "lineage")


@dataclass(frozen=True)
class Use:
    """What this process had used of the machine at some moment."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Use:
        """This moment."""
        return cls(perf_counter(), process_time())

    def until_now(self) -> dict[str, float]:
        """Seconds of wall and CPU time since then, and the most memory that the process ever held."""
        kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {
            "seconds": perf_counter() - self.wall,
            "cpu_seconds": process_time() - self.cpu,
            "peak_memory_mb": kib / 1024,
        }
