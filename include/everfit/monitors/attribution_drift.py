"""The monitor `attribution_drift`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.monitors._harm import side
from everfit.monitors._inputs import too_few
from everfit.refuse import between
from everfit.signals import Signal
from everfit.statistics.attributions import Pulls, changes, order_kept
from everfit.statistics.discoveries import benjamini_yekutieli
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    from everfit.monitors.seen import Pulled, Seen
    from everfit.statistics.interval import Estimate

BLIND = "concept drift: what pulls at the answers may pull the wrong way now"


@dataclass(frozen=True)
class AttributionDrift:
    """Whether the model answers for the reasons for which it was judged.

    A feature's pull is its mean absolute Shapley value over a sample of rows. Ordered by their pull now, the features
    are worth so much of the best order of their pull in the reference (NDCG). Harm if that is surely below `at_least`:
    the model rests on other features than it did. An input that moves pulls more, one that is gone pulls alike for
    every row; which features changed is told.

    Source: Nigenda et al., Amazon SageMaker Model Monitor, KDD 2022, whose bar is .9.
    """

    at_least: float = 0.9

    def __post_init__(self) -> None:
        between("at_least", self.at_least, 0, 1)

    def watch(self, seen: Seen) -> Signal:
        """Hold the pulls of both sides against each other."""
        import numpy as np

        pulled = seen.pulled
        problem = "nobody worked out what each feature did to the answers" if pulled is None else _problem(pulled)
        if pulled is None or problem:
            return Signal("attribution_drift", Outcome.CANNOT_TELL, problem, blind_to=BLIND)
        old = Pulls(np.abs(pulled.reference), pulled.reference_day)
        new = Pulls(np.abs(pulled.window), pulled.window_day)
        kept = order_kept(old, new, level=1 - seen.level)
        parts, moved = _parts(pulled, changes(old, new, level=1 - seen.level / 2), seen.level)
        bar = 1 - self.at_least
        low, high = 1 - kept.high, 1 - kept.low
        return Signal(
            "attribution_drift",
            side(low, high, bar),
            _reason(kept, self.at_least, parts, moved),
            1 - kept.value,
            low,
            high,
            bar,
            n=len(new.size),
            test="NDCG of the features' order, days drawn again",
            level=1 - seen.level,
            parts=parts,
            blind_to=BLIND,
        )


def _problem(pulled: Pulled) -> str:
    """Why there is nothing to compare; empty if there is."""
    if few := too_few(len(pulled.reference), len(pulled.window)):
        return f"Shapley values: {few}"
    return "" if pulled.reference.any() else "no feature did anything to an answer when the model was judged"


def _reason(kept: Estimate, at_least: float, parts: Sequence[Detail], moved: int) -> str:
    words = f"the order of {len(parts)} features by their pull is worth {kept.value:.3f} of what it was"
    words += f" ({kept.low:.3f} to {kept.high:.3f}, wanted {at_least:.3g})"
    return f"{words}; {moved} pull otherwise, {parts[0].name} most" if moved else f"{words}; none pulls otherwise"


def _parts(pulled: Pulled, found: Sequence[Estimate], level: float) -> tuple[tuple[Detail, ...], int]:
    """Each feature, those whose pull changed most first, and how many changed beyond chance."""
    chances = [2 * min(one.p(0.0, above=True), one.p(0.0, above=False)) for one in found]
    sure = benjamini_yekutieli([min(p, 1.0) for p in chances], level)
    parts = [_part(name, one, yes) for name, one, yes in zip(pulled.names, found, sure, strict=True)]
    order = sorted(range(len(parts)), key=lambda place: (not sure[place], -abs(found[place].value)))
    return tuple(parts[place] for place in order), sum(sure)


def _part(name: str, one: Estimate, sure: bool) -> Detail:
    words = f"{100 * one.value:+.2g} points of all that pulls ({100 * one.low:+.2g} to {100 * one.high:+.2g})"
    words += "" if sure else ", no more than chance"
    return Detail(name, Outcome.PASSED, words, one.value, one.low, one.high, 0.0, one.rows)
