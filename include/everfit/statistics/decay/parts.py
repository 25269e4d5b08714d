"""The change of a mean loss in parts that add up: labels shifted, columns shifted, another concept, broken data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from everfit.statistics.interval import Estimate, Measured, estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.decay.ratios import Ratios

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Yes = NDArray[np.bool_]

Name = Literal["label_shift", "covariate_shift", "concept_change", "data_bug"]

TITLES: dict[str, str] = {
    "label_shift": "labels shifted",
    "covariate_shift": "inputs shifted",
    "concept_change": "the concept changed",
    "data_bug": "data are broken",
}
"""What people call them."""


@dataclass(frozen=True)
class Part:
    """What one cause did to the mean loss, with its interval; more than 0 is harm."""

    name: Name
    loss: Estimate


def change(losses: Array, window: Yes) -> Measured:
    """The mean loss of the window less that of the reference."""
    import numpy as np

    return _apart(losses, window, np.ones(len(losses)), np.ones(len(losses)))


def parts(
    losses: Array, window: Yes, clusters: Whole, found: Ratios, beside_bug: Array | None = None
) -> tuple[Part, ...]:
    """Take the change of the mean loss apart; the parts add up to it.

    The concept's part is told on rows that both windows have. `pi = 1 / (1 + exp(-log ratio))` is how probable a row
    of that kind is from the window, both sides taken as equally many. Reference rows weighed by `pi` and window rows by
    `1 - pi` are two samples of one distribution, the shared one, unless what the ratio knows of is not all that
    changed: the difference of their mean losses is the concept's. No weight is above 1, so that none has to be clipped
    (Cai, Namkoong and Yadlowsky). What is left is the shift's, and falls to the one that shifted; if both did, to each
    its Shapley value: what it adds when it comes first and when it comes last, in equal parts (Zhang et al.).

    `beside_bug` are log ratios by all sound columns and labels together, where others are known to be broken. Rows that
    are the same in these and still lose more do so because of the broken ones: that is taken out of the concept's part.

    Intervals are by cluster from how much each row moves each part, with the ratios taken as known.

    Sources: Cai, Namkoong and Yadlowsky, Diagnosing model performance under distribution shift, Operations Research
    (2025), arXiv 2303.02011 (DISDE); Zhang, Singh, Ghassemi and Joshi, "Why did the model fail?", ICML 2023.
    """
    all_of_it = change(losses, window)
    same_kind = shared(losses, window, found.whole)
    label, covariate = _shifts(losses, window, found, _less(all_of_it, same_kind))
    measured: list[tuple[Name, Measured]] = [("label_shift", label), ("covariate_shift", covariate)]
    if beside_bug is None:
        measured.append(("concept_change", same_kind))
    else:
        bug = shared(losses, window, beside_bug)
        measured += [("concept_change", _less(same_kind, bug)), ("data_bug", bug)]
    return tuple(Part(name, estimate(one, clusters)) for name, one in measured)


def shared(losses: Array, window: Yes, odds: Array) -> Measured:
    """How much more rows of the window lose than those of the reference, on the distribution that both share."""
    from scipy.special import expit

    probable = expit(odds)
    return _apart(losses, window, probable, 1 - probable)


def forecast(losses: Array, window: Yes, odds: Array) -> Measured:
    """What the loss changes by if nothing but the columns moved: that of the reference's rows, weighed as the window's.

    `losses` of window rows are not looked at.
    """
    import numpy as np

    rows = ~window
    return _less(_weighed(losses, rows, np.exp(odds)), _weighed(losses, rows, np.ones(len(losses))))


def worth(window: Yes, odds: Array) -> float:
    """How many equally weighing rows the shared distribution is worth, as a share of the smaller side's: 0 to 1.

    Source: Kish, Survey Sampling (1965).
    """
    from scipy.special import expit

    probable = expit(odds)
    sides = (probable[~window], 1 - probable[window])
    return min(float(side.sum()) ** 2 / float((side**2).sum()) / len(side) for side in sides)


def _shifts(losses: Array, window: Yes, found: Ratios, both: Measured) -> tuple[Measured, Measured]:
    import numpy as np

    nothing = Measured(0.0, np.zeros(len(losses)))
    if not found.label.any():
        return nothing, both
    if not found.covariate.any():
        return both, nothing
    alone = [forecast(losses, window, np.clip(odds, -4, 4)) for odds in (found.label, found.covariate)]
    first = _less(alone[0], alone[1])
    label = Measured((both.value + first.value) / 2, (both.influence + first.influence) / 2)
    return label, _less(both, label)


def _apart(losses: Array, window: Yes, of_reference: Array, of_window: Array) -> Measured:
    return _less(_weighed(losses, window, of_window), _weighed(losses, ~window, of_reference))


def _weighed(losses: Array, rows: Yes, weights: Array) -> Measured:
    import numpy as np

    used = np.where(rows, weights, 0.0)
    total = float(used.sum())
    value = float(np.sum(used * np.where(rows, losses, 0.0))) / total
    return Measured(value, used * (np.where(rows, losses, value) - value) / total)


def _less(one: Measured, other: Measured) -> Measured:
    return Measured(one.value - other.value, one.influence - other.influence)
