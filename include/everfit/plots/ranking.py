"""Pictures for a ranking: how good the first places are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from everfit.plots.holdout import COLOURS, Holdout
from everfit.plots.style import FAINT, end_label, picture
from everfit.statistics.ndcg import has_order, ndcg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

PLACES = (1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 50)
BINS = 25


def gain_by_place(holdout: Holdout, path: Path) -> Path:
    """NDCG when only the first so many places of each group count; the baseline knows no order."""
    import numpy as np

    longest = int(np.unique(holdout.truth.lists, return_counts=True)[1].max())
    places = [place for place in PLACES if place <= longest] or [1]
    with picture(path, width=7, height=4.0) as axes:
        ends = []
        for who, scores in holdout.scores.items():
            values = [ndcg(holdout.truth, scores, place).value for place in places]
            axes.plot(places, values, color=COLOURS[who], marker="o", markersize=4)
            ends.append((values[-1], who))
        for rank, (value, who) in enumerate(sorted(ends, reverse=True)):
            end_label(axes, places[-1], value, f"{who} {value:.4f}", COLOURS[who], above=rank == 0)
        axes.set_xlim(0, places[-1] * 1.32)
        axes.set(xlabel="places that count", ylabel="NDCG", title="How good the first places are")
    return path


def gain_by_group(holdout: Holdout, path: Path) -> Path:
    """How the groups' NDCG lie, of the candidate and of what no order at all would give."""
    import numpy as np

    edges = np.linspace(0, 1, BINS + 1)
    with picture(path, width=7) as axes:
        for who, colour in (("baseline", FAINT), ("candidate", COLOURS["candidate"])):
            found = by_group(holdout, holdout.scores[who])
            share = 100 * np.histogram(found, edges)[0] / len(found)
            axes.stairs(share, edges, color=colour, fill=True, alpha=0.25)
            name = "no order" if who == "baseline" else who
            axes.stairs(share, edges, color=colour, linewidth=1.6, label=f"{name}: mean {found.mean():.3f}")
        axes.set(xlabel="NDCG of a group", ylabel=f"% of {len(found):,} groups", title="NDCG by group")
        axes.legend(loc="upper left")
    return path


def by_group(holdout: Holdout, scores: Array) -> Array:
    """Each group's NDCG, from how it moves the mean."""
    import numpy as np

    found = ndcg(holdout.truth, scores)
    codes = np.unique(holdout.truth.lists, return_inverse=True)[1]
    asked = has_order(holdout.truth)
    return np.asarray(found.value + np.bincount(codes, weights=found.influence) * asked.sum())[asked]
