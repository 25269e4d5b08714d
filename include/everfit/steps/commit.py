"""Settle a delivery: keep it for good or put it into quarantine, and write down which."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from everfit.ledger.entries import BatchAccepted, BatchDuplicate, BatchQuarantined, Body
from everfit.steps.meanwhile import meanwhile
from everfit.steps.staging import scratch, staged_files
from everfit.steps.withhold import batch_files
from everfit.values import Batch, Inspection, batch_sha256

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


def commit(ports: Ports, spec: ModelSpec, inspection: Inspection, attempt: str) -> Entry:
    """Settle one delivery in exactly one entry, whose key is `arrival:<partition>:<fingerprint>`.

    Accepted: its bytes, less the rows that are withheld, go to the data store as a new version of their partition.
    Refused: they go to quarantine. The same bytes as once before: a duplicate of that entry, whatever the inspection
    says. The bytes are safe before the entry is written, and both can be done again, so that a crash in between loses
    nothing. `attempt` names this try: a later one fences it off. Errors: `Corrupted` if the staged copy is not what was
    inspected, `FencedOut`.
    """
    ledger = ports.ledger(spec.name)
    delivery = f"{inspection.partition}:{inspection.fingerprint}"
    settled = ledger.view().claimed(f"arrival:{delivery}")
    if settled:
        return settled
    fence = ledger.open(f"ingest:{delivery}", attempt)
    view = ledger.view()
    pointer = _keep(ports, spec, inspection) if inspection.accepted and _same_as(inspection, view) is None else ""
    return ledger.decide(f"arrival:{delivery}", lambda now: _settlement(ports, spec, inspection, pointer, now), fence)


def _keep(ports: Ports, spec: ModelSpec, inspection: Inspection) -> str:
    """Put the batch's files into the data store; the text of the pointer to them."""
    with scratch(ports) as folder:
        for name, path in batch_files(ports, inspection).items():
            shutil.copyfile(path, folder / name)
        return ports.data.commit(folder, f"{spec.name}-{inspection.partition}")


def _quarantine(ports: Ports, spec: ModelSpec, inspection: Inspection) -> str:
    """Put the staged files, as they were delivered, where refused batches stay; the key of that folder."""
    folder = f"quarantine/{spec.name}/{inspection.partition}/{inspection.sha256}"
    for name, path in staged_files(ports, inspection.staged, inspection.files).items():
        ports.store.put_file(f"{folder}/{name}", path)
    return folder


def _settlement(ports: Ports, spec: ModelSpec, inspection: Inspection, pointer: str, view: View) -> Body:
    """What becomes of the delivery, given all that was decided until now: asked again if somebody decides first."""
    partition, fingerprint, sha256 = inspection.partition, inspection.fingerprint, inspection.sha256
    same_as = _same_as(inspection, view)
    if same_as is not None:
        return BatchDuplicate(partition, fingerprint, sha256, same_as)
    reasons = inspection.reasons or meanwhile(ports, spec, inspection, view)
    if reasons:
        kept = _quarantine(ports, spec, inspection)
        return BatchQuarantined(partition, fingerprint, sha256, reasons, inspection.report, kept)
    return BatchAccepted(
        _batch(inspection, pointer or _keep(ports, spec, inspection), view),
        fingerprint,
        inspection.report,
        delivered=sha256 if inspection.kept else "",
        withheld=inspection.withheld,
        data_docs=inspection.data_docs,
    )


def _batch(inspection: Inspection, pointer: str, view: View) -> Batch:
    files = inspection.kept or inspection.files
    earlier = view.accepted(inspection.partition)
    return Batch(inspection.partition, len(earlier) + 1, batch_sha256(files), inspection.rows, files, pointer)


def _same_as(inspection: Inspection, view: View) -> int | None:
    """The entry that settled the same bytes of the same partition, if there is one by now."""
    return view.holds(inspection.partition, inspection.sha256)
