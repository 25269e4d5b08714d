"""Whether what moved does harm: what the loss is expected to be, and in which words that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.monitors._harm import side
from everfit.monitors._inputs import FEWEST, Inputs
from everfit.statistics.domain import sample
from everfit.statistics.outlook import MOST, Outlook, outlook
from everfit.values import Outcome

if TYPE_CHECKING:
    from everfit.monitors.seen import Seen

LEAST_OVERLAP = 0.1
"""Where the two sides have less of their rows in common, nothing is known of the loss."""


def ahead(seen: Seen, inputs: Inputs, level: float) -> Outlook | None:
    """What the loss is expected to be by the move of some columns; None where the reference has next to no losses."""
    import numpy as np

    known = np.flatnonzero(seen.reference.labelled)
    if len(known) < FEWEST or not inputs.names:
        return None
    old, new = known[sample(len(known), MOST, 0)], sample(seen.window.rows, MOST, 0)
    days = seen.reference.day[old], seen.window.day[new]
    reference, window = inputs.matrices(old, new)
    return outlook(reference, seen.reference.losses[old], window, days, level=1 - level)


def judged(found: Outlook | None, bar: float) -> Outcome:
    """Harm if the loss surely rises by more than the bar, none if it surely does not."""
    if found is None or found.overlap < LEAST_OVERLAP:
        return Outcome.CANNOT_TELL
    _, low, high = found.share
    return side(low, high, bar)


def told(found: Outlook | None, bar: float) -> str:
    """The same in words."""
    if found is None:
        return "the losses of the rows that it was judged on are not known, so nobody can say what that does"
    if found.overlap < LEAST_OVERLAP:
        return f"next to no rows like these ({found.overlap:.0%}) were there when it was judged: nobody knows its loss"
    value, low, high = (100 * share for share in found.share)
    return f"its loss is expected to change by {value:+.1f} % ({low:+.1f} to {high:+.1f} %), harm is {100 * bar:+.3g} %"


def numbers(found: Outlook | None, bar: float) -> tuple[float | None, float | None, float | None, float]:
    """What a signal says of it: effect, both ends, bar; as shares of the loss."""
    return (None, None, None, bar) if found is None else (*found.share, bar)
