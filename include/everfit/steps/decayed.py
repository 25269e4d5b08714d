"""Why the champion decayed: the rows that monitors saw, asked for a cause, and what follows in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.signals import Signal
from everfit.statistics.decay.both import FEWEST_ROWS
from everfit.statistics.decay.cause import TO_DO, Decay, why
from everfit.statistics.decay.columns import Window
from everfit.statistics.decay.parts import TITLES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.monitors import Rows, Seen

    Array = NDArray[np.float64]
    Yes = NDArray[np.bool_]

QUANTITIES = frozenset({"regression", "quantile", "survival"})
"""The tasks whose labels are numbers and not classes."""

MATURE = 0.9
"""A day is looked at with its labels once so many of them are there, beside those of the reference's rows."""

BROKEN = ("data_quality", "train_serve_skew")
"""The monitors whose harm lies in data or code: a training run would only learn it."""

MEASURED = frozenset({"quality", "concept_drift", "calibration_drift", "segments", "staleness"})
"""The monitors that do not guess what has not been told yet."""


@dataclass(frozen=True)
class Advice:
    """What `Monitored` says of a decay: its cause ("none" where there is none, "unknown" where too little is known),
    what to do about it, and both in words."""

    cause: str
    action: str
    why: str


def decayed(seen: Seen, signals: Sequence[Signal], *, seed: int = 0) -> Decay | None:
    """Say why the loss rose, where a monitor found harm; None where none did, or where there are too few rows.

    Labels come late, and those that are here first are not like the others. So rows are taken with their labels where
    those of their day are nearly all there, and if that leaves too few, all rows of the window without any: the answer
    is then blind to a change of the concept, and says so. Raises nothing for a task whose rows have no loss of their
    own: there is no cause to be found, None.
    """
    if not any(signal.harms for signal in signals):
        return None
    reference = seen.reference.of(seen.reference.labelled)
    chosen, labelled = _chosen(seen)
    if min(reference.rows, int(chosen.sum())) < FEWEST_ROWS:
        return None
    former = _former(seen)
    return why(
        _window(seen, reference, labelled=True),
        _window(seen, seen.window.of(chosen), labelled=labelled),
        quantity=seen.task in QUANTITIES,
        former=former[chosen] if former is not None and labelled else None,
        seed=seed,
    )


def advice(decay: Decay | None, signals: Sequence[Signal], loss: str) -> Advice:
    """What follows from a decay, or from its absence, in words; `loss` is what the spec calls its loss.

    >>> advice(None, [], "log_loss")
    Advice(cause='none', action='wait', why='no harm was found')
    """
    harmful = [signal for signal in signals if signal.harms]
    if not harmful:
        return Advice("none", "wait", "no harm was found")
    if decay is None:
        action, because = _remedy(harmful, labelled=False)
        few = f"too few rows have been answered to say why (it takes {FEWEST_ROWS})"
        return Advice("unknown", action, f"{because or few}; {TO_DO[action]}")
    if decay.cause != "none":
        return Advice(decay.cause, decay.action, f"{_words(decay, loss)}; {TO_DO[decay.action]}")
    action, because = _remedy(harmful, labelled=decay.labelled)
    still = f"{_called(loss)} has not surely {'risen' if decay.labelled else 'to rise by what moved'}, {_amount(decay)}"
    return Advice("none", action, f"{f'{because}; ' * bool(because)}{still}; {TO_DO[action]}")


def _chosen(seen: Seen) -> tuple[Yes, bool]:
    """Which rows of the window are asked about, and whether with their labels."""
    import numpy as np

    window = seen.window
    known = window.labelled
    days = np.unique(window.day, return_inverse=True)[1]
    share = np.bincount(days, known) / np.maximum(np.bincount(days), 1)
    usual = float(seen.reference.labelled.mean()) if seen.reference.rows else 1.0
    mature = known & (share[days] >= MATURE * usual)
    if mature.sum() >= FEWEST_ROWS:
        return np.asarray(mature), True
    scores = window.scores if window.scores.ndim > 1 else window.scores[:, None]
    return np.asarray(np.isfinite(scores).all(axis=1)), False


def _former(seen: Seen) -> Array | None:
    """The losses of the champion before; where it was not asked, those of this one, so that it gains nothing there."""
    import numpy as np

    if seen.former is None:
        return None
    return np.where(np.isfinite(seen.former), seen.former, seen.window.losses)


def _window(seen: Seen, rows: Rows, *, labelled: bool) -> Window:
    scores = rows.scores
    if seen.task == "quantile" and scores.ndim > 1:
        middle = min(range(len(seen.levels)), key=lambda place: abs(seen.levels[place] - 0.5))
        scores = scores[:, middle]
    return Window(rows.columns, rows.day, scores, *((rows.y, rows.losses) if labelled else (None, None)))


def _remedy(harmful: Sequence[Signal], *, labelled: bool) -> tuple[str, str]:
    """What to do by what was found alone, and what was found.

    What is broken is to be mended first. Else a training run is what there is against harm, but for failing or slow
    requests, and for what only moved where labels have shown already that it costs nothing: then it is to wait.
    """
    for signal in harmful:
        if signal.monitor in BROKEN:
            return "fix_data", _said(signal)
    mended = [signal for signal in harmful if signal.monitor in MEASURED or not labelled]
    trained = [signal for signal in mended if signal.monitor != "system"]
    return ("retrain", _said(trained[0])) if trained else ("wait", "")


def _said(signal: Signal) -> str:
    return f"{signal.monitor.replace('_', ' ')}: {signal.reason}"


def _words(decay: Decay, loss: str) -> str:
    cause = TITLES[decay.cause]
    if decay.cause == "data_bug":
        first, more = decay.bugs[0], len(decay.bugs) - 1
        where = f"{', '.join(first.columns)}: " if first.columns else ""
        return f"{cause}: {where}{first.because}{f' (and {more} more)' * bool(more)}"
    if not decay.labelled:
        return (
            f"{cause}: {_amount(decay)} {_called(loss)} is to be expected; labels have not come, so nobody can say "
            "whether the concept changed"
        )
    part = next(part.loss.value for part in decay.parts if part.name == decay.cause)
    return f"{cause}: {part:+.3g} of the {_amount(decay)} {_called(loss)}{_where(decay)}"


def _where(decay: Decay) -> str:
    """The rows of which that is most true: a concept changes for rows of some value, inputs shift by columns."""
    inputs = {feature.name for feature in decay.features}
    if decay.cause == "covariate_shift" and decay.features:
        return f", most in {decay.features[0].name}"
    place = next((one for one in decay.places if one.column in inputs), None)
    return f", most in {place.column} {place.value}" if decay.cause == "concept_change" and place else ""


def _amount(decay: Decay) -> str:
    change = decay.change
    return f"{change.value:+.3g} (from {change.low:+.3g} to {change.high:+.3g})"


def _called(loss: str) -> str:
    return loss.replace("_", " ")
