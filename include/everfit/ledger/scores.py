"""What a ledger says of scored batches: which scores count now, and what was settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from everfit.ledger.entries import BatchScored, ScoringRefused

if TYPE_CHECKING:
    from everfit.ledger.entry import Entry
    from everfit.ledger.view import View


def scores(view: View) -> Mapping[str, Entry[BatchScored]]:
    """The scores that count, by partition: the newest of each, less those of rows or versions taken back since.

    >>> from everfit.ledger import View
    >>> scores(View(()))
    {}
    """
    good = (entry for entry in view.of(BatchScored) if not _taken_back(view, entry.body))
    return {entry.body.partition: entry for entry in good}


def settled_to_score(view: View) -> frozenset[tuple[str, str | int]]:
    """All that was scored or refused: the partition, and the delivery's fingerprint or the entry of the batch."""
    done = {(entry.body.partition, entry.body.fingerprint or entry.body.batch) for entry in view.of(BatchScored)}
    return frozenset(done | {(entry.body.partition, entry.body.fingerprint) for entry in view.of(ScoringRefused)})


def _taken_back(view: View, body: BatchScored) -> bool:
    by = {body.version, body.challenger, body.before}
    return body.batch in view.recalled or not by.isdisjoint(view.touched)
