"""The gate `beats_champion`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.gates._champion import against_champion, no_interval
from everfit.refuse import number, one_of
from everfit.statistics.paired import TASKS, Compared

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect
    from everfit.values import Verdict


@dataclass(frozen=True)
class BeatsChampion:
    """The candidate is better than the champion: superiority, where a change has a price.

    Settings: `loss`, one of the task's (see `everfit.statistics.losses`) or `auc`, and `by`, the least gain that is
    worth a change, in units of the loss (0 by default). Passes when the candidate's mean loss is lower than the
    champion's by more than that, as surely as the budget of promotions asks (at least at one-sided 95 %): paired by
    row, cluster-robust by day. An equal candidate passes at most once in twenty times. Without a champion it passes,
    since the bar and the baseline hold a first model; it cannot tell when the champion learnt from the holdout.
    """

    loss: Compared
    by: float = 0.0

    def __post_init__(self) -> None:
        one_of("loss", self.loss, TASKS)
        number("by", self.by, least=0)

    @property
    def tasks(self) -> frozenset[str]:
        """The task that the loss is for."""
        return TASKS[self.loss]

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold the interval of the paired difference against the gain that is wanted."""
        return against_champion("beats_champion", evidence, self.loss, 0.0 - self.by)

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days there is no interval; without a champion, none is needed."""
        return None if prospect.champion is None else no_interval(prospect, self.loss)
