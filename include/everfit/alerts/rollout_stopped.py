"""The incident `rollout_stopped`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.alerts.incident import Incident, Severity, ended
from everfit.ledger.entries import DeploymentFailed, DeploymentStarted, Promoted, RolledBack

if TYPE_CHECKING:
    from everfit.ledger import Entry, View


@dataclass(frozen=True)
class RolloutStopped:
    """A version that had passed its gates was not let to serve: it did harm, did not load, or answered differently.

    It is over when the next rollout begins. What a person has stopped is no incident.
    """

    def incidents(self, view: View, now: datetime) -> Iterator[Incident]:  # noqa: ARG002 the shape of all
        """The newest one."""
        failed = view.of(DeploymentFailed)[-1:]
        later: list[Entry] = [*view.of(DeploymentStarted)[-1:], *view.of(Promoted)[-1:], *view.of(RolledBack)[-1:]]
        for entry in failed:
            body = entry.body
            if body.by or any(other.seq > entry.seq for other in later):
                continue
            stays = f"Version {view.champion} goes on serving." if view.champion else "There is no champion yet."
            yield Incident(
                kind="rollout_stopped",
                subject=str(body.version),
                severity=Severity.WARNING,
                since=entry.at,
                title=f"version {body.version} was not let to serve",
                what=f"It had passed its gates, and was stopped: {ended(body.reason)} {stays}",
                do="Look at what its last stage was judged on. The next run makes another candidate; if the fault is "
                "not the model's (a server, a library), mend it and deploy the version again.",
                entries=(entry.seq,),
            )
