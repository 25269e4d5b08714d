"""The trigger `estimated_decay`."""

from __future__ import annotations

from dataclasses import dataclass

from everfit.triggers._harmed import harmed
from everfit.triggers.occasion import Occasion, Reason

MONITORS = frozenset({"estimated_quality"})


@dataclass(frozen=True)
class EstimatedDecay:
    """Wants a run once the champion is surely worse by estimate, before labels come: rows are now where it is wrong
    more often. It is blind to concept drift."""

    def fires(self, occasion: Occasion) -> Reason:
        """Whether it is."""
        return harmed(occasion, MONITORS, "by estimate the champion is as good as it was")
