"""The incident `rolled_back`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.alerts.incident import Incident, Severity, ended
from everfit.ledger.entries import Promoted, RolledBack

if TYPE_CHECKING:
    from everfit.ledger import View


@dataclass(frozen=True)
class WasRolledBack:
    """The champion was taken back, by everfit or by somebody, and no version has been promoted since."""

    def incidents(self, view: View, now: datetime) -> Iterator[Incident]:  # noqa: ARG002 the shape of all
        """The newest one."""
        promoted = max((entry.seq for entry in view.of(Promoted)), default=0)
        for entry in view.of(RolledBack)[-1:]:
            if entry.seq < promoted:
                continue
            body = entry.body
            yield Incident(
                kind="rolled_back",
                subject=str(body.undone),
                severity=Severity.CRITICAL,
                since=entry.at,
                title=f"champion {body.undone} was taken back",
                what=ended(
                    f"version {body.version} serves again instead of {body.undone}, by {body.by}: {body.reason}"
                ),
                do="Find out what was wrong with the version that was undone before another one is promoted; it can be "
                "deployed again if nothing was.",
                entries=(entry.seq,),
            )
