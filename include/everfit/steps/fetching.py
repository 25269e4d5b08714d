"""The bytes of an accepted batch, or the reason why they are gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import Corrupted, DataError
from everfit.ledger.entries import BatchAccepted

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.values import Batch


def fetch(ports: Ports, model: str, batch: Batch) -> Path:
    """A local folder with the batch's files, each checked against its hash.

    Errors: `Corrupted` for bytes that are lost or changed; `DataError` with the date where it was retention that
    removed them.
    """
    try:
        return ports.data.fetch(batch)
    except Corrupted as error:
        view = ports.ledger(model).view()
        accepted = {entry.seq for entry in view.of(BatchAccepted) if entry.body.batch.sha256 == batch.sha256}
        if gone := [view.deleted[seq] for seq in sorted(accepted & view.deleted.keys())]:
            raise DataError(
                f"the bytes of batch {batch.label} were removed by retention on {gone[-1].at:%Y-%m-%d %H:%M} UTC "
                f"(entry {gone[-1].seq} of {model}): no living version needed them. Deliver the batch again, and "
                "raise the spec's keep if that should not happen"
            ) from error
        raise
