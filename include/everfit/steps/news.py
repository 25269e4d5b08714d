"""Whether another look at a rollout is worth it: told from names alone, so that whoever waits reads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from everfit.predictions import label_count, segments

if TYPE_CHECKING:
    from everfit.ports import Ports

GROWN = 1.1
"""Evidence that has grown by a tenth is worth a look at once: so looks are few, and never late by much."""
PATIENCE = timedelta(minutes=5)
"""Any new evidence is worth a look after so long."""


@dataclass(frozen=True)
class Known:
    """How far the ledger was (`head`), and how many predictions and labels of the model the store had."""

    head: str
    predictions: int
    labels: int

    def worth_a_look(self, now: Known, waited: timedelta) -> bool:
        """Whether what is known `now`, after so long, may change what follows.

        >>> Known("a", 100, 0).worth_a_look(Known("a", 105, 0), timedelta(minutes=1))
        False
        >>> Known("a", 100, 0).worth_a_look(Known("a", 111, 0), timedelta(minutes=1))
        True
        """
        more = now.predictions > self.predictions or now.labels > self.labels
        much = now.predictions > GROWN * self.predictions or now.labels > GROWN * self.labels
        return now.head != self.head or much or (more and waited >= PATIENCE)


def known(ports: Ports, model: str) -> Known:
    """What there is now: new entries of the ledger, and two listings."""
    predictions = sum(one.predictions for one in segments(ports.store, model))
    return Known(ports.ledger(model).view().head, predictions, label_count(ports.store, model))
