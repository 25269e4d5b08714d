"""The incident `data_refused`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.alerts.incident import Incident, Severity, ended
from everfit.ledger.entries import BatchAccepted, BatchDuplicate, BatchQuarantined

if TYPE_CHECKING:
    from everfit.ledger import Entry, View

SHOWN = 3


@dataclass(frozen=True)
class DataRefused:
    """A batch is in quarantine, and no version of it has been accepted since."""

    def incidents(self, view: View, now: datetime) -> Iterator[Incident]:  # noqa: ARG002 the shape of all
        """One for each partition."""
        good = {entry.body.batch.partition: entry.seq for entry in view.of(BatchAccepted)}
        for again in view.of(BatchDuplicate):  # the source has gone back to what is held already
            good[again.body.partition] = max(again.seq, good.get(again.body.partition, 0))
        refused: dict[str, list[Entry[BatchQuarantined]]] = {}
        for entry in view.of(BatchQuarantined):
            if entry.seq > good.get(entry.body.partition, 0):
                refused.setdefault(entry.body.partition, []).append(entry)
        for partition, entries in refused.items():
            yield _incident(partition, entries, held=partition in good)


def _incident(partition: str, entries: list[Entry[BatchQuarantined]], *, held: bool) -> Incident:
    last = entries[-1].body
    more = f"; and {len(last.reasons) - SHOWN} more" if len(last.reasons) > SHOWN else ""
    said = ended("; ".join(last.reasons[:SHOWN]) + more)
    times = f" {len(entries)} times" if len(entries) > 1 else ""
    without = "The version accepted before goes on being used." if held else "Training goes on without it."
    return Incident(
        kind="data_refused",
        subject=partition,
        severity=Severity.WARNING,
        since=entries[0].at,
        title=f"batch {partition} was refused",
        what=f"It was refused{times} and is kept in quarantine: {said} {without}",
        do="Read the report. If the data are wrong, have the source deliver them again; if they are right, change the "
        "expectations and deliver them again.",
        entries=tuple(entry.seq for entry in entries),
        page=last.report,
    )
