"""Says how training goes: about ten times, whatever the number of rounds."""

from __future__ import annotations

from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.models import EachRound, Round
    from everfit.ports import Progress

TIMES = 10


def tell_rounds(progress: Progress) -> EachRound:
    """Say a line at every tenth of the way: round, metric, speed and time left."""
    begin = perf_counter()
    heard = count(1)

    def tell(ended: Round) -> None:
        now = next(heard)
        if ended.done * TIMES // ended.most == (ended.done - 1) * TIMES // ended.most:
            return
        name, value = next(item for item in ended.metrics.items() if item[0].startswith("holdout_"))
        rate = now / max(perf_counter() - begin, 1e-9)
        left = f", {(ended.most - ended.done) / rate:.0f} s left" if ended.done < ended.most else ""
        progress(
            f"round {ended.done} of {ended.most}: {name.removeprefix('holdout_')} {value:.4f} on the holdout, "
            f"{rate:.0f} rounds/s{left}"
        )

    return tell


RISING = frozenset({"auc", "ndcg", "map"})


class Best:
    """Remembers the round in which the held-out rows were predicted best.

    It goes by the first loss that is reported; by a metric that is better when larger, as its negative, only if there
    is no loss. `value` is the smaller, the better.
    """

    def __init__(self) -> None:
        self.metric, self.value, self.round = "", float("inf"), 0

    def __call__(self, ended: Round) -> None:
        """Hear of a round."""
        found = {name.removeprefix("holdout_"): v for name, v in ended.metrics.items() if name.startswith("holdout_")}
        self.metric = min(found, key=lambda name: name in RISING)
        value = -found[self.metric] if self.metric in RISING else found[self.metric]
        if value < self.value:
            self.value, self.round = value, ended.done
