"""The trigger `drift`."""

from __future__ import annotations

from dataclasses import dataclass

from everfit.triggers._harmed import harmed
from everfit.triggers.occasion import Occasion, Reason

MONITORS = frozenset({"feature_drift", "prediction_drift", "label_drift", "attribution_drift"})


@dataclass(frozen=True)
class Drift:
    """Wants a run once inputs, answers or labels have moved in a way that harms: a column that moved and that the
    model does not lean on is no reason."""

    def fires(self, occasion: Occasion) -> Reason:
        """Whether they have."""
        return harmed(occasion, MONITORS, "nothing has moved that harms")
