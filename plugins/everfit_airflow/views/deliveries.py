"""Every batch that arrived, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
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
    return tuple(found for entry in reversed(view.entries) if (found := _delivery(entry)))


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
