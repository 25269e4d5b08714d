"""The incident `rehearsal_failed`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING

from everfit.alerts.incident import Incident, Severity, ended
from everfit.ledger.entries import RollbackRehearsed

if TYPE_CHECKING:
    from everfit.ledger import View


@dataclass(frozen=True)
class RehearsalFailed:
    """Going back to the version before the champion was rehearsed, and would fail."""

    def incidents(self, view: View, now: datetime) -> Iterator[Incident]:  # noqa: ARG002 the shape of all
        """One, if the newest rehearsal of the version to go back to has failed."""
        mine = [entry for entry in view.of(RollbackRehearsed) if entry.body.version == view.previous]
        failed = list(takewhile(lambda entry: not entry.body.ok, reversed(mine)))
        if failed:
            last = failed[0].body
            yield Incident(
                kind="rehearsal_failed",
                subject=str(last.version),
                severity=Severity.CRITICAL,
                since=failed[-1].at,
                title=f"there is no way back to version {last.version}",
                what=f"Going back to it was rehearsed, and would fail: {ended(last.reason)}",
                do="Mend what the rehearsal names, then rehearse again: until then a bad champion cannot be replaced "
                "at once.",
                entries=tuple(entry.seq for entry in reversed(failed)),
            )
