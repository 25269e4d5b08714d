"""The incident `scoring_refused`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.alerts.incident import Incident, Severity, ended
from everfit.ledger.entries import BatchScored, ScoringRefused

if TYPE_CHECKING:
    from everfit.ledger import View


@dataclass(frozen=True)
class WasNotScored:
    """A delivery that was to be scored breaks its expectations, and no other one of its partition was scored since."""

    def incidents(self, view: View, now: datetime) -> Iterator[Incident]:  # noqa: ARG002 the shape of all
        """One for each partition."""
        scored = {entry.body.partition: entry.seq for entry in view.of(BatchScored)}
        for partition, entry in {entry.body.partition: entry for entry in view.of(ScoringRefused)}.items():
            if entry.seq > scored.get(partition, 0):
                more = f" (and {len(entry.body.reasons) - 1} more)" if len(entry.body.reasons) > 1 else ""
                yield Incident(
                    kind="scoring_refused",
                    subject=partition,
                    severity=Severity.WARNING,
                    since=entry.at,
                    title=f"batch {partition} was not scored",
                    what=ended(f"Nothing of it has a prediction: {entry.body.reasons[0]}{more}"),
                    do="Read the report, and have the source deliver the rows again.",
                    entries=(entry.seq,),
                    page=entry.body.report,
                )
