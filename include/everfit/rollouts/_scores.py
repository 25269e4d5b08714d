"""Agreement, quality and calibration: what the scores say of each other and of the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.rollouts._parts import Levels, Telling, nothing, part
from everfit.statistics.anytime.beta_binomial import at_least, at_most
from everfit.statistics.anytime.strata import strata
from everfit.statistics.anytime.t_mixture import ratio
from everfit.statistics.anytime.worth import worth
from everfit.statistics.losses import per_row
from everfit.statistics.truth import Truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.rollouts.bars import Bars
    from everfit.rollouts.seen import Rows, Watched
    from everfit.statistics.anytime.strata import Strata
    from everfit.values import Detail

    Array = NDArray[np.float64]
    Chosen = NDArray[np.bool_]


def agreement(seen: Watched, apart: float, bar: float, block: float, levels: Levels) -> Detail:
    """The share of the same rows on which the two differ by more than `apart`, in any column.

    The beta-binomial bounds of a share, for as many independent rows as these are worth by blocks of time, which are
    independent.
    """
    import numpy as np

    ours, theirs = seen.challenger.rows, seen.champion.rows
    both = _answered(ours) & _answered(theirs)
    n = int(both.sum())
    if not n:
        return nothing("agreement", bar, "no row that both scored yet")
    far = np.abs(_columns(ours.scores[both]) - _columns(theirs.scores[both])).max(axis=1) > apart
    cut = strata(ours.at[both], theirs.at[both], block)
    rows, effect = worth(far, np.ones(n), cut.ours), float(far.mean())
    ends = float(at_least(effect * rows, rows, levels.harm)), float(at_most(effect * rows, rows, levels.good))
    return part(
        "agreement", effect, ends, bar, n, Telling(f"of rows apart by more than {apart:g}", ".3g", per_cent=True)
    )


def quality(seen: Watched, bars: Bars, bar: float, levels: Levels) -> Detail:
    """How much larger the mean loss is, of rows with a label: as a share of the champion's, or by itself (`margin`).

    Within blocks of time, so that neither a hard day nor a growing share of the traffic is a difference. The blocks'
    sums are taken for normal (anytime-valid t), hence it says nothing before enough blocks count.
    """
    import numpy as np

    chosen = _labelled(seen)
    cut = _cut(seen, chosen, bars.block)
    if not len(cut.rows):
        return nothing("quality", bar, "no label of rows of both yet")
    losses = [
        per_row(seen.loss, _truth(arm.rows, which, seen.levels), arm.rows.scores[which])
        for arm, which in zip((seen.challenger, seen.champion), chosen, strict=True)
    ]
    ours, theirs = cut.means(*losses)
    against = np.ones(len(theirs)) if bars.margin is not None else theirs
    found = ratio(cut.weight * (ours - theirs), cut.weight * against, levels.harm, levels.good)
    told = Telling(f"in {seen.loss} against the champion's", "+.3g", per_cent=bars.margin is None)
    return part("quality", found.value, (found.low, found.high), bar, int(chosen[0].sum()), told)


def calibration(seen: Watched, bar: float, block: float, levels: Levels) -> Detail:
    """How much farther off the challenger's probabilities are than the champion's, on average: the worst column.

    It is calibration in the large: what came less what was forecast (of a quantile: how often the label was at most it,
    less its level). A change of the world that makes both be off is no harm. Bounds of the absolute value of each are
    put together, three of them for each column, so each may be wrong a third as often. As for quality, blocks' sums are
    taken for normal; the champion's rows of a block weigh as much as the challenger's.
    """
    chosen = _labelled(seen)
    cut = _cut(seen, chosen, block)
    if not len(cut.rows):
        return nothing("calibration", bar, "no label of rows of both yet")
    off = [_off(seen, arm.rows, which) for arm, which in zip((seen.challenger, seen.champion), chosen, strict=True)]
    columns = off[0].shape[1]
    least = Levels(levels.harm / 3 / columns, levels.good / 3)
    found = [_excess(cut, off[0][:, column], off[1][:, column], least) for column in range(columns)]
    effect, low, high = (max(values) for values in zip(*found, strict=True))
    n = int(chosen[0].sum())
    return part("calibration", effect, (low, high), bar, n, Telling("farther off than the champion", "+.3g"))


def _excess(cut: Strata, ours: Array, theirs: Array, levels: Levels) -> tuple[float, float, float]:
    """How much farther from 0 the mean of the first is, with bounds."""
    means = cut.means(ours, theirs)
    harm, good = (
        [ratio(cut.rows * mean, cut.rows, alpha, alpha) for mean in means] for alpha in (levels.harm, levels.good)
    )
    low = max(harm[0].low, -harm[0].high, 0.0) - max(harm[1].high, -harm[1].low)
    high = max(good[0].high, -good[0].low) - max(good[1].low, -good[1].high, 0.0)
    return abs(harm[0].value) - abs(harm[1].value), low, high


def _off(seen: Watched, rows: Rows, which: Chosen) -> Array:
    """What came less what was forecast, with a column for each class or quantile."""
    import numpy as np

    y, scores = rows.y[which, None], _columns(rows.scores[which])
    if seen.task == "quantile":
        return np.asarray((y <= scores) - np.array(seen.levels))
    came = y == np.arange(scores.shape[1]) if seen.task == "multiclass" else y
    return np.asarray(came - scores)


def _labelled(seen: Watched) -> tuple[Chosen, Chosen]:
    """Which rows have a score and a label, of challenger and champion; of pairs, those of which both have."""
    import numpy as np

    ours, theirs = (_answered(arm.rows) & np.isfinite(arm.rows.y) for arm in (seen.challenger, seen.champion))
    return (ours & theirs, ours & theirs) if seen.paired else (ours, theirs)


def _cut(seen: Watched, chosen: tuple[Chosen, Chosen], block: float) -> Strata:
    return strata(seen.challenger.rows.at[chosen[0]], seen.champion.rows.at[chosen[1]], block)


def _truth(rows: Rows, which: Chosen, levels: tuple[float, ...]) -> Truth:
    return Truth(rows.y[which], observed=None if rows.observed is None else rows.observed[which], levels=levels)


def _answered(rows: Rows) -> Chosen:
    import numpy as np

    return np.asarray(np.isfinite(_columns(rows.scores)).all(axis=1))


def _columns(scores: Array) -> Array:
    return scores[:, None] if scores.ndim == 1 else scores
