"""Proves, or disproves, that a promoted version is what its signed evidence says.

What is read is read anew: with a fresh `ports.work`, from store and registry, and not from copies on this machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from everfit.errors import Corrupted, EverfitError, LedgerError, Unreachable
from everfit.ledger.approvals import may_be_promoted
from everfit.ledger.entries import BatchAccepted, ModelRegistered, RowsErased
from everfit.ledger.people import in_sentences
from everfit.ledger.view import View
from everfit.registry.package import check_files
from everfit.spec.building import gate_from
from everfit.steps.bundle import contradictions, promotion_of, signed
from everfit.steps.judge import speak
from everfit.steps.reproduce import check_batch
from everfit.steps.signing import public_key, unsign
from everfit.steps.verdicts import different

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey

    from everfit.ledger import Entry
    from everfit.ledger.entries import CandidateJudged, EvidenceSigned, Promoted
    from everfit.ports import Ports, Progress
    from everfit.values import Batch, StoredFile


@dataclass(frozen=True)
class Proof:
    """One thing that was checked, whether it holds (None: it cannot be checked any more), and what was found."""

    what: str
    holds: bool | None
    words: str


@dataclass(frozen=True)
class Case:
    """A promotion with the entries that speak for it; `then` is the ledger up to the promotion, `now` the whole."""

    ports: Ports
    then: View
    now: View
    promoted: Entry[Promoted]
    made: Entry[ModelRegistered]
    receipt: EvidenceSigned
    trusted: SSlibKey | None

    @property
    def judged(self) -> CandidateJudged:
        """The judgement that the promotion rests on."""
        return self.then.judged(self.promoted.body.judged)

    @property
    def batches(self) -> tuple[Batch, ...]:
        """What the version was made from and judged on."""
        return self.then.trained_on(self.promoted.body.version).batches


class Gone(Exception):
    """It cannot be checked any more, for the ledger says that it was deleted."""


def verify(
    ports: Ports, model: str, version: int, progress: Progress, trusted: SSlibKey | None = None
) -> tuple[Proof, ...]:
    """Check ledger, signature, verdicts, people, and every file that the evidence names; let the gates judge again.

    `trusted` is a public key that was kept apart from the store: with it, what any other key has signed does not count.
    Errors: `LedgerError` if the version was never promoted or its promotion was never signed, `Unreachable`.
    """
    ledger = ports.ledger(model)
    try:
        count = ledger.verify()
    except LedgerError as error:
        return (Proof("ledger", False, str(error)),)
    case = _case(ports, ledger.view(), version, trusted)
    checks: dict[str, Callable[[], str]] = {
        "signature": partial(_signature, case),
        "approval": partial(_approval, case),
        "model": partial(_model, case),
        "evidence": partial(_evidence, case),
        "verdicts": partial(_verdicts, case),
        **{f"batch {batch.label}": partial(_batch, case, batch) for batch in case.batches},
    }
    chain = Proof("ledger", True, f"{count} entries, each where it was and as it was written")
    return (chain, *(_proof(what, check, progress) for what, check in checks.items()))


def _case(ports: Ports, view: View, version: int, trusted: SSlibKey | None) -> Case:
    promoted = promotion_of(view, version)
    receipt = signed(view, promoted.seq)
    if receipt is None:
        raise LedgerError(
            f"the evidence for version {version} (entry {promoted.seq}) was never signed: everfit reconcile signs it"
        )
    made = next(entry for entry in view.of(ModelRegistered) if entry.body.version.version == version)
    return Case(ports, View(view.entries[: promoted.seq]), view, promoted, made, receipt, trusted)


def _proof(what: str, check: Callable[[], str], progress: Progress) -> Proof:
    progress(what)
    try:
        return Proof(what, True, check())
    except Gone as gone:
        return Proof(what, None, str(gone))
    except Unreachable:
        raise
    except FileNotFoundError as error:
        return Proof(what, False, f"a file is not there any more: {error}")
    except EverfitError as error:
        return Proof(what, False, str(error))


def _signature(case: Case) -> str:
    """The bundle is the one of the receipt, is signed with its key, and says what the ledger says."""
    receipt, store = case.receipt, case.ports.store
    data = _read(case, receipt.bundle)
    key = public_key(store, receipt.key)
    if case.trusted is not None and case.trusted.keyid != receipt.key:
        raise Corrupted(f"it is signed with key {receipt.key[:12]}, and {case.trusted.keyid[:12]} is the one to trust")
    payload = unsign(data, case.trusted or key, receipt.bundle.key)
    wrong = contradictions(payload, case.then, case.made, case.promoted)
    if wrong:
        raise Corrupted(f"what was signed is not what the ledger says: {', '.join(wrong)}")
    trust = "the key that you trust" if case.trusted else "a key that the store itself keeps"
    return f"by key {receipt.key[:12]}, {trust}; it says what the ledger says up to entry {case.promoted.seq}"


def _approval(case: Case) -> str:
    """People have agreed if they were asked, and an override is told."""
    may_be_promoted(case.then, case.promoted.body.version)
    over = case.then.overridden(case.judged.run)
    if over is None and not case.judged.promote:
        raise Corrupted(f"the gates kept run {case.judged.run} back, and nobody has overridden them")
    return "; ".join(in_sentences(case.then, case.judged.run)) or "nobody was asked, and no gate overridden"


def _model(case: Case) -> str:
    version = case.made.body.version
    folder = case.ports.registry.model_files(version.mlflow_run, version.files)
    check_files(folder, version.files, "the model in the registry")
    return _all_of(len(version.files))


def _evidence(case: Case) -> str:
    files = (case.judged.evidence, case.judged.sample)
    for file in files:
        _read(case, file)
    return _all_of(len(files))


def _verdicts(case: Case) -> str:
    """The gates, asked again on the stored evidence, say what they said."""
    judged = case.judged
    if not judged.gates:
        raise Gone("the ledger does not say how the gates were set: they were judged with an older everfit")
    _read(case, judged.evidence)
    again = speak(case.ports, [gate_from(json.loads(gate)) for gate in judged.gates], judged.evidence)
    wrong = different(judged.verdicts, again)
    if wrong:
        raise Corrupted(f"judged again, the gates do not say what they said: {', '.join(wrong)}")
    return f"{len(again)} gates, judged again from the evidence, say the same"


def _batch(case: Case, batch: Batch) -> str:
    accepted = [entry.seq for entry in case.now.of(BatchAccepted) if entry.body.batch == batch]
    gone: Entry | None = next((case.now.deleted[seq] for seq in accepted if seq in case.now.deleted), None)
    erased = next((entry for entry in case.now.of(RowsErased) if set(accepted) & set(entry.body.batches)), None)
    gone = gone or erased
    if gone is not None:
        raise Gone(f"its bytes were deleted by entry {gone.seq}")
    check_batch(case.ports.data.fetch(batch), batch)
    return _all_of(len(batch.files))


def _all_of(count: int) -> str:
    return f"{count} files, each with the SHA-256 that was signed" if count > 1 else "its file has the SHA-256 signed"


def _read(case: Case, file: StoredFile) -> bytes:
    """The bytes in the store, not a copy of them; `Corrupted` if they are other ones."""
    try:
        data = case.ports.store.read(file.key)
    except FileNotFoundError:
        version = case.promoted.body.version
        erased = [entry.seq for entry in case.now.of(RowsErased) if version in entry.body.versions]
        if not erased:
            raise
        raise Gone(f"{file.key} went with the rows that entry {erased[-1]} erased") from None
    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise Corrupted(f"{file.key} in the store has SHA-256 {found[:12]}, wanted {file.sha256[:12]}")
    return data
