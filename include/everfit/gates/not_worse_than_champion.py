"""The gate `not_worse_than_champion`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.gates._champion import against_champion, no_interval
from everfit.gates.prospect import too_small
from everfit.refuse import number, one_of
from everfit.statistics.paired import TASKS, Compared

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect
    from everfit.values import Verdict


@dataclass(frozen=True)
class NotWorseThanChampion:
    """The candidate is not worse than the champion by more than a margin: non-inferiority, where freshness matters.

    Settings: `loss`, one of the task's (see `everfit.statistics.losses`) or `auc`, and `margin`, the loss that the team
    would give for a fresher model, in units of the loss. Passes when the candidate's mean loss is less than the
    champion's plus the margin, as surely as the budget of promotions asks (at least at one-sided 95 %): paired by row,
    cluster-robust by day. A candidate that is worse by exactly the margin passes at most once in twenty times. Without
    a champion it passes, since the bar and the baseline hold a first model; it cannot tell when the champion learnt
    from the holdout.
    """

    loss: Compared
    margin: float

    def __post_init__(self) -> None:
        one_of("loss", self.loss, TASKS)
        number("margin", self.margin, above=0)

    @property
    def tasks(self) -> frozenset[str]:
        """The task that the loss is for."""
        return TASKS[self.loss]

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold the interval of the paired difference against the margin."""
        return against_champion("not_worse_than_champion", evidence, self.loss, float(self.margin))

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days there is no interval, and with too few rows it is wider than the margin; without a
        champion, none is needed."""
        if prospect.champion is None:
            return None
        return no_interval(prospect, self.loss) or too_small(
            prospect, "not_worse_than_champion", float(self.margin), self.loss
        )
