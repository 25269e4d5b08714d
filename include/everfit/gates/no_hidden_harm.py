"""The gate `no_hidden_harm`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.gates._claims import TITLES, cannot_tell, compared, show
from everfit.gates._harm import harm, refuse_loss
from everfit.gates._searched import Searched, searched, too_few_to_halve
from everfit.refuse import between, number, whole, words
from everfit.statistics.interval import LEVEL
from everfit.statistics.losses import TASKS, Loss
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect

NAME = "no_hidden_harm"

SLIGHT = 0.05
"""Harm of less than this share of the champion's mean loss is none, if no margin is given."""

SHOWN = 3
"""So many groups are told in the reason; the page has all."""


@dataclass(frozen=True)
class NoHiddenHarm:
    """No group of rows that nobody thought of gets clearly worse answers than before.

    A search goes through every conjunction of up to `depth` column values (raw inputs and features; numbers in ten
    ranges; of more than 50 columns at most pairs) that has at least the share `smallest` of the rows, for the largest
    mean of the candidate's loss less the champion's, row by row (SliceLine). It sees every second day. The ten most
    suspicious are tested on the other days: by day, and together by Benjamini and Hochberg. Fails, and names the group,
    where one is surely worse by the `margin` or more; a candidate that harms no group so much fails at most once in
    twenty times. Otherwise passes, which is no proof: what is small, rare or slight is not found (`harms_no_slice`
    proves it for groups that you name).

    Settings: `loss`, one of the task's that a single row has; `margin` in units of the loss, by default a twentieth of
    the champion's mean loss; `smallest`; `depth`; `columns`, raw columns to look at besides. Without a champion the
    comparison is with the constant answer. It cannot tell with fewer than 20 days, or when the champion learnt from the
    holdout.
    """

    loss: Loss
    margin: float | None = None
    smallest: float = 0.01
    depth: int = 3
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_loss(self.loss)
        if self.margin is not None:
            number("margin", self.margin, least=0)
        between("smallest", self.smallest, 0, 0.5, open_ends=True)
        whole("depth", self.depth, least=1)
        words("columns", self.columns, least=0)

    @property
    def tasks(self) -> frozenset[str]:
        """The task that the loss is for."""
        return TASKS[self.loss]

    def judge(self, evidence: Evidence) -> Verdict:
        """Search one half of the days, and test what was found on the other."""
        first = evidence.champion is None and not evidence.champion_saw_holdout
        theirs = evidence.baseline_for(self.loss) if first else evidence.champion
        difference = harm(NAME, self.loss, evidence, "baseline" if first else "champion", theirs)
        if isinstance(difference, Verdict):
            return difference
        why_not = too_few_to_halve(evidence.clusters)
        if why_not or not evidence.about:
            return cannot_tell(NAME, why_not or "the evidence has no columns to tell rows apart by", evidence)
        margin = SLIGHT * difference.theirs if self.margin is None else self.margin
        found = searched(difference.rows, evidence, margin, self.smallest, self.depth)
        return self._verdict(found, margin, "a constant answer's" if first else "the champion's", evidence)

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days in either half there is nothing to find or to confirm."""
        return too_few_to_halve(prospect.clusters)

    def _verdict(self, found: Searched, margin: float, theirs: str, evidence: Evidence) -> Verdict:
        where = f"{found.columns} columns, groups of at least {100 * self.smallest:g} % of {evidence.rows:,} rows"
        test = f"cluster-robust t by day, Benjamini-Hochberg over {len(found.parts)} groups found on other days"
        made = Verdict(NAME, Outcome.PASSED, "", n=evidence.rows, test=test, level=LEVEL, p=found.p, parts=found.parts)
        if not found.parts:
            return replace(made, reason=f"no group seems harmed at all ({where})")
        worst = found.parts[0]
        harmed = [part for part in found.parts if part.outcome is Outcome.FAILED]
        made = replace(made, effect=worst.effect, low=worst.low, high=worst.high, bar=margin, wanted="below")
        wanted = f"wanted less than {show(margin)}"
        if harmed:
            told = "; ".join(
                f"{part.name} ({compared(part.effect or 0.0)} than {theirs}, surely {compared(part.low or 0.0)})"
                for part in harmed[:SHOWN]
            )
            more = f"; and {len(harmed) - SHOWN} more" if len(harmed) > SHOWN else ""
            reason = f"{TITLES[self.loss]} is harmed where {told}{more}; {wanted} ({where})"
            return replace(made, outcome=Outcome.FAILED, reason=reason)
        told = f"the most suspicious, {worst.name}, is {compared(worst.effect or 0.0)} than {theirs} on other days"
        return replace(made, reason=f"no harm to {TITLES[self.loss]} was confirmed; {told}; {wanted} ({where})")
