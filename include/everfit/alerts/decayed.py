"""The incident `decayed`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING

from everfit.alerts.incident import Incident, Severity, ended
from everfit.ledger.entries import Monitored

if TYPE_CHECKING:
    from everfit.ledger import View

TO_DO = {
    "retrain": "Train on newer data: see whether a run is due, or start one.",
    "fix_data": "Mend the data, or have the source do it; a model trained on them now would learn the fault.",
    "roll_back": "Go back to the version before: everfit rollback.",
    "wait": "Nothing yet: the next look at newer rows will tell more.",
}


@dataclass(frozen=True)
class Decayed:
    """The monitor found harm in the newest rows that it looked at."""

    def incidents(self, view: View, now: datetime) -> Iterator[Incident]:  # noqa: ARG002 the shape of all
        """One, if the newest look at the champion found harm."""
        looks = [entry for entry in view.of(Monitored) if entry.body.version == view.champion]
        bad = list(takewhile(lambda entry: entry.body.harmful, reversed(looks)))
        if bad:
            body = bad[0].body
            signals = "; ".join(f"{signal.monitor}: {signal.reason}" for signal in body.harmful)
            yield Incident(
                kind="decayed",
                subject=str(body.version),
                severity=Severity.CRITICAL,
                since=bad[-1].at,
                title=f"champion {body.version} has decayed",
                what=f"Harm was found by {ended(signals)} Why: {ended(body.why)}",
                do=TO_DO.get(body.action, ended(body.action)),
                entries=tuple(entry.seq for entry in reversed(bad)),
                page=body.report,
            )
