"""Every batch that arrived, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.ledger import Entry, View


@dataclass(frozen=True)
class Delivery:
    """One arrival that was settled, or is late; `rows` is None where the ledger does not know them."""

    seq: int
    at: str
    label: str
    tone: str
    verdict: str
    rows: int | None
    sha256: str
    reasons: tuple[str, ...]
    report: str | None


def deliveries(view: View) -> tuple[Delivery, ...]:
    """All settled and all late arrivals, newest first."""
    found = (found for entry in reversed(view.entries) if (found := _delivery(entry)))
    return tuple(_taken_back(view, one) for one in found)


def _taken_back(view: View, one: Delivery) -> Delivery:
    """An accepted batch that was recalled, or replaced because rows were erased, is no longer good."""
    from everfit.ledger.entries import BatchRecalled, RowsErased

    if one.seq not in view.recalled:
        return one
    for entry in view.of(BatchRecalled):
        if one.seq in entry.body.batches:
            return replace(one, tone="bad", verdict="recalled", reasons=(f"entry {entry.seq}: {entry.body.reason}",))
    erased = next(entry for entry in view.of(RowsErased) if one.seq in entry.body.batches)
    why = (f"entry {erased.seq}: rows erased, {erased.body.reason}",)
    return replace(one, tone="plain", verdict="replaced", reasons=why)


def _delivery(entry: Entry) -> Delivery | None:
    from everfit.ledger.entries import BatchAccepted, BatchDuplicate, BatchLate, BatchQuarantined

    seq, at, body = entry.seq, f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.body
    match body:
        case BatchAccepted(batch=batch, report=report, withheld=withheld):
            kept_out = tuple(f"{one.rows:,} of {one.of:,} rows of {one.table} withheld" for one in withheld)
            return Delivery(seq, at, batch.label, "good", "accepted", batch.rows, batch.sha256, kept_out, report)
        case BatchQuarantined(partition=partition, sha256=sha256, reasons=why, report=report):
            return Delivery(seq, at, partition, "bad", "quarantined", None, sha256, why, report)
        case BatchDuplicate(partition=partition, sha256=sha256, same_as=same):
            why = (f"the same bytes as in entry {same}",)
            return Delivery(seq, at, partition, "plain", "duplicate", None, sha256, why, None)
        case BatchLate(partition=partition, since=since, lacks=lacks):
            why = (f"since {since:%Y-%m-%d %H:%M:%S}: {lacks}",)
            return Delivery(seq, at, partition, "unsure", "late", None, "", why, None)
    return None
