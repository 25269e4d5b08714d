"""What the monitor found, for the triggers that go by it."""

from __future__ import annotations

from everfit.triggers.occasion import Occasion, Reason


def harmed(occasion: Occasion, monitors: frozenset[str], nothing: str) -> Reason:
    """Whether one of these monitors found harm of the champion that retraining may mend.

    Before any model has been judged there is no champion that could decay: then the first one is wanted.
    """
    if occasion.began is None:
        return Reason(True, "no model has been judged yet")
    found = [(seq, signal) for seq, signal in occasion.harms if signal.monitor in monitors]
    if not found:
        return Reason(False, nothing)
    words = "; ".join(f"{signal.monitor.replace('_', ' ')}: {signal.reason}" for _, signal in found)
    return Reason(True, words, tuple(sorted({seq for seq, _ in found})))
