"""What waits in the landing place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.ledger import Ledger
    from everfit.ports import Landing, Ports
    from everfit.spec import ModelSpec
    from everfit.values import Arrival


def waiting(ports: Ports, spec: ModelSpec) -> list[Arrival]:
    """The complete deliveries that the ledger has not settled yet, by partition.

    The ledger is what remembers: a delivery that nobody got round to, or whose ingest failed, waits for ever.
    """
    return unsettled(ports.ledger(spec.name), ports.landing, spec.data.landing, spec.data.complete_when)


def unsettled(ledger: Ledger, landing: Landing, folder: str, marker: str) -> list[Arrival]:
    """The same for whoever looks again and again: a ledger that is kept reads only what is new in it."""
    settled = ledger.view().settled
    return [one for one in landing.arrivals(folder, marker) if (one.partition, one.fingerprint) not in settled]
