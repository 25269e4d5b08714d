"""Tell once of each delivery that has been waiting too long to become whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.ledger.entries import BatchLate
from everfit.steps.ingest import look

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


def tell_late(ports: Ports, spec: ModelSpec, work: str, attempt: str) -> tuple[BatchLate, ...]:
    """Write the overdue deliveries into the ledger, each once, and return those that `work` has to tell a person of.

    `work` is what tells (an Airflow run), `attempt` this try of it: a try that died after it had written, and before
    anybody was told, is made up for by the next try. The deliveries stay where they are and are taken once they are
    whole.
    """
    ledger = ports.ledger(spec.name)
    overdue = look(ports, ledger, spec.data).overdue
    work = f"late:{work}"
    if overdue:
        fence = ledger.open(work, attempt)
        for one in overdue:
            ledger.append(one.key, one.body, fence=fence)
    entries = ledger.view().of(BatchLate)
    return tuple(entry.body for entry in entries if entry.fence and entry.fence.work == work)
