"""The incident `kept_back_again`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING

from everfit.alerts.incident import Incident, Severity, ended, moment
from everfit.ledger.entries import CandidateJudged
from everfit.refuse import whole

if TYPE_CHECKING:
    from everfit.ledger import View


@dataclass(frozen=True)
class KeptBackAgain:
    """So many candidates in a row did not pass the gates, each with other data than the one before."""

    times: int = 5

    def __post_init__(self) -> None:
        whole("times", self.times, least=2)

    def incidents(self, view: View, now: datetime) -> Iterator[Incident]:  # noqa: ARG002 the shape of all
        """One, from the judgement on that made it so many."""
        newest = {entry.body.run: entry for entry in view.of(CandidateJudged)}
        latest_first = sorted(newest.values(), key=lambda entry: entry.seq, reverse=True)
        row = [*takewhile(lambda entry: not entry.body.promote and not view.overridden(entry.body.run), latest_first)]
        row.reverse()
        if len(row) >= self.times:
            first, last = row[0], row[-1]
            yield Incident(
                kind="kept_back_again",
                subject=first.body.run,
                severity=Severity.WARNING,
                since=row[self.times - 1].at,
                title=f"{len(row)} candidates in a row were kept back",
                what=ended(f"None has passed its gates since {moment(first.at)}. The last one: {last.body.reason}"),
                do="Compare the cards of these candidates. If the same gate says no each time, either the data have "
                "changed so that a new model needs other features or another window, or the gate asks for too much.",
                entries=tuple(entry.seq for entry in row),
            )
