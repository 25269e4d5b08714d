"""Why a model got worse, and what to do: retrain, fix the data, roll back, or wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from everfit.statistics.decay.both import Both, joined, label_columns, matrix
from everfit.statistics.decay.bugs import Bug
from everfit.statistics.decay.columns import Window
from everfit.statistics.decay.parts import Name, Part, change, forecast, parts, worth
from everfit.statistics.decay.places import Feature, Place, places
from everfit.statistics.decay.ratios import FOLDS, Ratios, ratios, scaled, within
from everfit.statistics.decay.together import find
from everfit.statistics.domain import deal, sample, tell
from everfit.statistics.interval import Estimate, Measured, estimate
from everfit.statistics.label_shift import Answered, Confusion, black_box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Matrix = NDArray[np.float32]

Cause = Literal["none", "label_shift", "covariate_shift", "concept_change", "data_bug"]
Action = Literal["retrain", "fix_data", "roll_back", "wait"]

MOST = 50_000
"""So many rows of a window are looked at, drawn by the seed: a cause that matters shows in them."""

LEAST = 0.02
"""A rise of the mean loss by less than this share of it is no decay, however sure."""


@dataclass(frozen=True)
class Decay:
    """Why the loss changed, and what to do.

    `change` is the change of the mean loss; `parts` add up to it. Without labels in the window there is no change to
    see: `labelled` is False, `change` is what the move of the columns alone would do, and `parts` holds that and, as
    another reading of the same move and not in addition to it, what a shift of labels alone would do (BBSE): whether
    the concept changed nobody can say yet. `cause` is the part that did most, `action` what follows from it.

    `moved` is the AUC with which the columns tell the windows apart, `overlap` what share of the rows the comparison on
    shared ground rests on: where it is small, shift and concept are hardly told apart. `features` has every column,
    those that matter for the cause first; `places` the slices that add most to the change.
    """

    cause: Cause
    action: Action
    change: Estimate
    parts: tuple[Part, ...]
    bugs: tuple[Bug, ...]
    features: tuple[Feature, ...]
    places: tuple[Place, ...]
    moved: Estimate
    overlap: float
    labelled: bool
    by_cluster: bool

    @property
    def blind(self) -> tuple[Name, ...]:
        """What this result cannot speak of."""
        return () if self.labelled else ("concept_change",)


def why(
    reference: Window,
    window: Window,
    *,
    quantity: bool = False,
    least: float = LEAST,
    former: Array | None = None,
    most: int = MOST,
    seed: int = 0,
) -> Decay:
    """Say why the mean loss differs between a reference and a window, in which part, and where.

    The reference has to have labels and losses; both windows have the same columns. `quantity` says that labels are
    numbers and not classes. `former` has the losses of the champion before, on the rows of the window: where it does
    surely better, and makes good at least half of the harm, the action is to roll back to it.

    First the data are looked at for what is broken (`together.find`): as long as that is so, everything else is told on
    the sound columns, and the first thing to do is to fix it. Then the rise has to be sure (its one-sided 95 % bound)
    and at least `least` of the mean loss, otherwise there is nothing to explain. Then the greatest part is the cause
    (`parts.parts`). Reweighing rests on a density ratio, which is estimated once from all rows out of fold; the cost
    is that of six small classifiers over the two windows, of which at most `most` rows each are looked at.

    Source of the parts: see `parts.parts` and `ratios.ratios`.
    """
    reference = reference.of(sample(reference.rows, most, seed))
    chosen = sample(window.rows, most, seed)
    window, former = window.of(chosen), None if former is None else former[chosen]
    both = joined(reference, window, quantity=quantity)
    labels = None if window.y is None or reference.y is None else (reference.y, window.y)
    bugs = find(reference.columns, window.columns, both.days, labels)
    sick = _sick(bugs)
    sound = matrix(reference.columns, window.columns, sick)
    found = ratios(sound, both.window, both.clusters, both.labels, None if bugs else both.scores, seed=seed)
    least *= abs(float(both.losses[~both.window].mean()))
    if both.labels is None:
        return _unlabelled(reference, window, both, found, bugs, least, quantity)
    beside = _all_sound(sound, both, both.labels, seed) if bugs else None
    taken = parts(both.losses, both.window, both.clusters, found, beside)
    rise = estimate(change(both.losses, both.window), both.clusters)
    cause = _cause(rise, taken, bugs, least)
    losses = both.losses[~both.window], both.losses[both.window]
    old, new = label_columns(both)
    features, there = places([*reference.columns, *old], [*window.columns, *new], losses)
    back = cause not in ("none", "data_bug") and _former_is_better(losses[1], former, both.days[1], rise)
    return Decay(
        cause,
        "roll_back" if back else ACTIONS[cause],
        rise,
        taken,
        bugs,
        _ordered(features[:-1], cause, sick),
        there,
        found.moved,
        worth(both.window, found.whole),
        True,
        both.by_cluster,
    )


def _all_sound(sound: Matrix, both: Both, labels: Whole, seed: int) -> Array:
    """Log density ratios by all sound columns and labels together."""
    import numpy as np

    with_labels = np.column_stack([sound, labels.astype(np.float32)])
    told = tell(with_labels, both.window, deal(both.clusters, FOLDS), seed=seed)
    return within(scaled(told.odds, both.window, np.zeros(len(labels))))


def _sick(bugs: Sequence[Bug]) -> set[str]:
    return {name for bug in bugs for name in bug.columns}


ACTIONS: dict[Cause, Action] = {
    "none": "wait",
    "label_shift": "retrain",
    "covariate_shift": "retrain",
    "concept_change": "retrain",
    "data_bug": "fix_data",
}

TO_DO: dict[str, str] = {
    "retrain": "retrain",
    "fix_data": "fix the data",
    "roll_back": "roll back",
    "wait": "wait",
}
"""What people call them."""


def _cause(rise: Estimate, taken: Sequence[Part], bugs: Sequence[Bug], least: float) -> Cause:
    if bugs:
        return "data_bug"
    if rise.low <= 0 or rise.value < least:
        return "none"
    return max(taken, key=lambda part: part.loss.value).name


def _former_is_better(losses: Array, former: Array | None, clusters: Whole, rise: Estimate) -> bool:
    import numpy as np

    if former is None:
        return False
    better = losses - former
    value = float(np.mean(better))
    gained = estimate(Measured(value, (better - value) / len(better)), clusters)
    return gained.low > 0 and gained.value >= rise.value / 2


def _unlabelled(
    reference: Window,
    window: Window,
    both: Both,
    found: Ratios,
    bugs: tuple[Bug, ...],
    least: float,
    quantity: bool,
) -> Decay:
    """What can be said before labels come: what the columns' move does if the concept is what it was."""
    import numpy as np

    rise = estimate(forecast(both.losses, both.window, found.whole), both.clusters)
    taken = [Part("covariate_shift", rise)]
    if reference.y is not None and not quantity:
        shift = black_box(Confusion.of(reference.y, reference.scores), Answered.of(window.scores))
        factors = np.ones(len(both.window))
        factors[~both.window] = np.maximum(shift.weights, 1e-6)[reference.y.astype(np.int64)]
        taken.append(Part("label_shift", estimate(forecast(both.losses, both.window, np.log(factors)), both.clusters)))
    cause = _cause(rise, taken[:1], bugs, least)
    losses = both.losses[~both.window]
    features, _ = places(reference.columns, window.columns, (losses, np.full(window.rows, losses.mean())))
    return Decay(
        cause,
        ACTIONS[cause],
        rise,
        tuple(taken),
        bugs,
        _ordered([Feature(one.name, one.moved, 0.0) for one in features], "covariate_shift", _sick(bugs)),
        (),
        found.moved,
        worth(both.window, found.whole),
        False,
        both.by_cluster,
    )


def _ordered(features: Sequence[Feature], cause: Cause, sick: set[str]) -> tuple[Feature, ...]:
    """Those that matter first: broken ones, then by what their move did, or by where the concept changed."""
    by_move = cause in ("covariate_shift", "label_shift")
    return tuple(sorted(features, key=lambda one: (one.name not in sick, -(one.moved if by_move else one.changed))))
