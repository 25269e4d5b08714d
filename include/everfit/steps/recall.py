"""Take a batch back that was accepted and turned out to be bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.errors import UnknownName
from everfit.ledger.entries import BatchAccepted, BatchRecalled, RowsErased
from everfit.steps.withdraw import Withdrawal, successor, withdraw
from everfit.values import Check, digest

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


@dataclass(frozen=True)
class RecallOrder:
    """Somebody's word that a partition is bad, and why; `version` is one version of it, None all of them."""

    partition: str
    reason: str
    by: str
    version: int | None = None


@dataclass(frozen=True)
class Reach:
    """What a recall would do: the batches that it takes back, the versions that know them, and who would serve.

    `back_to` is None if the champion is untouched, or if there is no version to go back to.
    """

    batches: tuple[Entry[BatchAccepted], ...]
    versions: tuple[int, ...]
    champion: int | None
    touches_champion: bool
    back_to: int | None


def reach(view: View, order: RecallOrder) -> Reach:
    """How far a recall would go, without doing anything. Batches that were recalled before are not among its batches.

    Errors: `UnknownName` if no such batch was ever accepted.
    """
    batches = tuple(entry for entry in _accepted(view, order) if entry.seq not in view.recalled)
    gone = frozenset(entry.seq for entry in batches)
    versions = view.knowing(gone)
    touches = view.champion in versions
    return Reach(batches, tuple(sorted(versions)), view.champion, touches, successor(view, gone) if touches else None)


def recall(ports: Ports, spec: ModelSpec, order: RecallOrder) -> Withdrawal:
    """Mark the batches of a partition bad, and do what follows: freeze, go back, ask for a new model.

    Called again it goes on from where it was, and decides nothing twice; a version of the partition that was accepted
    since is recalled by a new entry. Errors: `UnknownName` if no such batch was ever accepted, and those of `withdraw`.
    """
    ledger = ports.ledger(spec.name)
    view = ledger.view()
    found = reach(view, order)
    if not found.batches:
        return withdraw(ports, spec, _earlier(view, order))
    batches = tuple(entry.seq for entry in found.batches)

    def decide(now: View) -> BatchRecalled:
        versions = tuple(sorted(now.knowing(batches)))
        return BatchRecalled(order.partition, batches, versions, order.reason, order.by)

    key = f"recall:{order.partition}:{digest(list(batches))[:16]}"
    return withdraw(ports, spec, ledger.decide(key, decide))


def refusal(view: View, partition: str, sha256: str) -> Check | None:
    """The failed check of a delivery whose very bytes were recalled or erased, None if they were not.

    Other bytes of the partition are a new version, which is welcome.
    """
    seq = view.recall_of(partition, sha256)
    if seq is None:
        return None
    body = view.entries[seq - 1].body
    what = "had rows that were erased" if isinstance(body, RowsErased) else "were recalled"
    found = f"these bytes {what} in entry {seq}, by {getattr(body, 'by', '')}: {getattr(body, 'reason', '')}"
    return Check("delivery", None, "bytes that were not taken back", found, False)


def _accepted(view: View, order: RecallOrder) -> tuple[Entry[BatchAccepted], ...]:
    of_partition = [entry for entry in view.of(BatchAccepted) if entry.body.batch.partition == order.partition]
    if not of_partition:
        known = {entry.body.batch.partition for entry in view.of(BatchAccepted)}
        raise UnknownName("accepted batch", order.partition, known)
    wanted = [entry for entry in of_partition if order.version in (None, entry.body.batch.version)]
    if not wanted:
        known = {str(entry.body.batch.version) for entry in of_partition}
        raise UnknownName(f"version of batch {order.partition}", str(order.version), known)
    return tuple(wanted)


def _earlier(view: View, order: RecallOrder) -> Entry:
    """The decision that took these batches away before."""
    batches = {entry.seq for entry in _accepted(view, order)}
    took: list[tuple[int, tuple[int, ...]]] = [(entry.seq, entry.body.batches) for entry in view.of(BatchRecalled)]
    took += [(entry.seq, entry.body.batches) for entry in view.of(RowsErased)]
    return view.entries[max(seq for seq, gone in took if batches.intersection(gone)) - 1]
