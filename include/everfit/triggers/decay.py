"""The trigger `decay`."""

from __future__ import annotations

from dataclasses import dataclass

from everfit.triggers._harmed import harmed
from everfit.triggers.occasion import Occasion, Reason

MONITORS = frozenset({"quality", "concept_drift", "calibration_drift", "segments", "staleness"})


@dataclass(frozen=True)
class Decay:
    """Wants a run once labels have shown that the champion got worse: as a whole, from a moment on, in what its
    probabilities mean, or in a group of rows; or once it is older than the monitor `staleness` allows.

    What `<model>_monitor` found says which, by how much, and how sure that is. Where it says that the data are broken,
    or that the champion before is better, no run is wanted.
    """

    def fires(self, occasion: Occasion) -> Reason:
        """Whether it did.

        >>> from datetime import UTC, datetime
        >>> from everfit.signals import Signal
        >>> from everfit.values import Outcome
        >>> worse = Signal("quality", Outcome.FAILED, "log loss is 8 % above what it was judged with")
        >>> june = datetime(2013, 6, 1, tzinfo=UTC)
        >>> Decay().fires(Occasion(june, began=june, harms=((7, worse),))).words
        'quality: log loss is 8 % above what it was judged with'
        """
        return harmed(occasion, MONITORS, "no label has shown that the champion got worse")
