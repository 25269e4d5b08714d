"""The incident `data_late`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from everfit.alerts.incident import Incident, Severity, ended, moment
from everfit.ledger.entries import BatchAccepted, BatchDuplicate, BatchLate, BatchQuarantined

if TYPE_CHECKING:
    from everfit.ledger import View


@dataclass(frozen=True)
class DataLate:
    """A delivery has begun to arrive, and has not become whole within `data.counts_when.within`."""

    def incidents(self, view: View, now: datetime) -> Iterator[Incident]:  # noqa: ARG002 the shape of all
        """One for each partition."""
        settled = [(entry.body.batch.partition, entry.seq) for entry in view.of(BatchAccepted)]
        settled += [(entry.body.partition, entry.seq) for entry in view.of(BatchQuarantined)]
        settled += [(entry.body.partition, entry.seq) for entry in view.of(BatchDuplicate)]
        last = dict(sorted(settled, key=itemgetter(1)))
        newest = {entry.body.partition: entry for entry in view.of(BatchLate)}
        for partition, entry in newest.items():
            if entry.seq > last.get(partition, 0):
                yield Incident(
                    kind="data_late",
                    subject=partition,
                    severity=Severity.WARNING,
                    since=entry.body.since,
                    title=f"batch {partition} is late",
                    what=f"It has been there since {moment(entry.body.since)} and does not count yet: "
                    f"{ended(entry.body.lacks)}",
                    do="Ask the source for the rest. Nothing has to be done here: the delivery is taken once it is "
                    "whole.",
                    entries=(entry.seq,),
                )
