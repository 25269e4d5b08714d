"""Makes a candidate that passed its gates, or that a person wants in spite of them, a version of its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.errors import LedgerError
from everfit.ledger.entries import ModelRegistered
from everfit.ledger.people import tags
from everfit.ledger.reconciler import reconcile
from everfit.ledger.trace import started
from everfit.models.objectives import FILE as OBJECTIVES
from everfit.steps.lineage import batches, device_tags, published, split
from everfit.values import Placement, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.values import Judgement, ModelVersion


def register(ports: Ports, spec: ModelSpec, judgement: Judgement) -> ModelVersion:
    """Register the candidate with its lineage as tags, record it, and let the alias `challenger` follow the ledger.

    Exactly once for a run: asked again it returns the version that there is. Errors: `LedgerError` for a candidate that
    the ledger does not say may be promoted, whatever `judgement` says; `Unreachable` when the registry is away.
    """
    ledger, candidate = ports.ledger(spec.name), judgement.candidate
    view = ledger.view()
    _permit(view, judgement)
    entry = view.claimed(f"registered:{candidate.run}")
    if entry is None:
        version = ports.registry.register(candidate, _lineage(view, judgement))
        made = ModelRegistered(version, judgement.entry)
        entry = ledger.append(f"registered:{candidate.run}", made)
    if not isinstance(entry.body, ModelRegistered):
        raise LedgerError(f"entry {entry.seq} is no registration, though its key says so: {entry.key}")
    reconcile(spec.name, ledger, ports.registry)
    return entry.body.version


def _permit(view: View, judgement: Judgement) -> None:
    candidate, judged = judgement.candidate, view.judged(judgement.entry)
    if judged.run != candidate.run or judged.files != candidate.files:
        raise LedgerError(f"entry {judgement.entry} judges run {judged.run}, not this model of run {candidate.run}")
    if not judged.promote and view.overridden(judged.run) is None:
        raise LedgerError(f"run {candidate.run} is not to be registered: {judged.reason}")


def _lineage(view: View, judgement: Judgement) -> Mapping[str, str]:
    """What made the version, as tags: each is also in the ledger, which is the one to trust."""
    candidate = judgement.candidate
    run = started(view, candidate.run).body
    snapshot = Snapshot(candidate.model, run.batches, run.holdout, run.gap)
    code = {file.name: file.sha256 for file in candidate.files}
    return {
        "everfit.run": candidate.run,
        "everfit.snapshot": candidate.snapshot,
        "everfit.batches": batches(run.batches),
        "everfit.split": split(snapshot),
        "everfit.pointers": published(view, snapshot) or "in no git revision yet",
        "everfit.code": code.get("features.py", ""),
        **({"everfit.objectives": code[OBJECTIVES]} if OBJECTIVES in code else {}),
        **judged_tags(view, judgement.entry),
        **tags(view, candidate.run),
        **device_tags(candidate.placement or Placement(run.device, candidate.device)),
    }


def judged_tags(view: View, entry: int) -> dict[str, str]:
    """What MLflow's version says of the judgement that it rests on."""
    judged = view.judged(entry)
    return {
        "everfit.judged": f"{entry} {view.entries[entry - 1].sha256}",
        "everfit.reason": judged.reason,
        "everfit.evidence": judged.evidence.sha256,
    }
