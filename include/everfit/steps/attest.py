"""Signs the evidence for every promotion, and keeps it in the store, in the MLflow run and in the ledger."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.ledger.entries import EvidenceSigned, Promoted
from everfit.steps.bundle import signed, statement
from everfit.steps.evaluate import evaluation_of
from everfit.steps.signing import publish_key, sign, signer
from everfit.steps.tracking import run_of

if TYPE_CHECKING:
    from everfit.ledger import Entry
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


def attest(ports: Ports, spec: ModelSpec) -> tuple[Entry, ...]:
    """Sign the evidence for each promotion that has none yet; returns the receipts that were written.

    Exactly once for a promotion: after a crash the next call goes on from there. Errors: `SpecError` for a key that
    cannot be used, `Corrupted` if the MLflow run has lost how the model was made, `Unreachable`.
    """
    view = ports.ledger(spec.name).view()
    return tuple(_sign(ports, spec, entry) for entry in view.of(Promoted) if signed(view, entry.seq) is None)


def bundle_key(model: str, version: int, promoted: int) -> str:
    """Where the store has the bundle of a promotion."""
    return f"bundles/{model}/{version}-promoted-{promoted}.json"


def _sign(ports: Ports, spec: ModelSpec, promoted: Entry[Promoted]) -> Entry:
    ledger, version, by = ports.ledger(spec.name), promoted.body.version, signer(ports)
    payload = statement(ledger.view(), ports.registry, spec.name, promoted)
    key = bundle_key(spec.name, version, promoted.seq)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bundle.json")
        path.write_bytes(sign(payload, by))
        stored = ports.store.put_file(key, path)
        receipt = EvidenceSigned(version, promoted.seq, stored, publish_key(ports.store, by))
        evaluation = evaluation_of(ports, spec.name, ledger.view().trained_on(version).run)
        if evaluation is not None:
            with run_of(ports, evaluation.candidate) as run:
                run.artifact(path, "promotion")
    return ledger.append(f"signed:{promoted.seq}", receipt)
