"""The gate `harms_no_slice`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.gates._claims import TITLES, cannot_tell, compared, show, too_few_days
from everfit.gates._columns import Wanted
from everfit.gates._declared import Declared, declared
from everfit.gates._harm import harm, refuse_loss
from everfit.refuse import number, whole, words
from everfit.statistics.interval import LEVEL
from everfit.statistics.losses import TASKS, Loss
from everfit.statistics.slices import FEWEST_ROWS
from everfit.values import Detail, Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect

NAME = "harms_no_slice"

SHOWN = 3
"""So many slices are told in the reason; the page has all."""


@dataclass(frozen=True)
class HarmsNoSlice:
    """In no slice of the rows is the candidate worse than the champion by the margin or more.

    Settings: `loss`, one of the task's that a single row has; `margin`, how much worse is still harmless, in units of
    the loss; and the slices: `by`, columns of which every value is a slice (of numbers with many values, four ranges),
    and `slices`, each a mapping from columns to a value, a list of values, or two numbers from and to: `{carrier: UA,
    distance: [0, 500]}`. `min_rows`: a slice of fewer is not judged, nor is one whose days are too few for an interval.
    Values of a column that are too rare are taken together, and left out if they still are too few; of a slice that was
    written by name, the gate then cannot tell.

    Passes when in every slice the one-sided 95 % bound is below the margin. It needs no correction for many slices: a
    candidate that harms one passes only if that very slice errs, at most once in twenty times. Fails when some slice is
    surely above the margin, by Holm's method: a candidate that harms none fails at most once in twenty times, however
    many slices there are. Paired by row, cluster-robust by day. Without a champion it passes; it cannot tell when the
    champion learnt from the holdout. For other margins in other slices, name the gate twice.
    """

    loss: Loss
    margin: float
    by: tuple[str, ...] = ()
    slices: tuple[Mapping[str, Wanted], ...] = ()
    min_rows: int = FEWEST_ROWS

    def __post_init__(self) -> None:
        refuse_loss(self.loss)
        number("margin", self.margin, above=0)
        words("by", self.by, least=0)
        whole("min_rows", self.min_rows, least=30)
        if not self.by and not self.slices:
            raise ValueError("by: wanted columns here, or slices, and found neither")
        if not all(self.slices):
            raise ValueError("slices: wanted a column and a value in each, {carrier: UA}, found one with nothing in it")

    @property
    def tasks(self) -> frozenset[str]:
        """The task that the loss is for."""
        return TASKS[self.loss]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that tell the slices apart."""
        return tuple(dict.fromkeys([*self.by, *(column for one in self.slices for column in one)]))

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold every slice's interval against the margin."""
        if evidence.champion is None and not evidence.champion_saw_holdout:
            return Verdict(NAME, Outcome.PASSED, "there is no champion to compare with", n=evidence.rows)
        difference = harm(NAME, self.loss, evidence, "champion", evidence.champion)
        if isinstance(difference, Verdict):
            return difference
        missing = [name for name in self.columns if name not in evidence.about]
        if missing:
            return cannot_tell(NAME, f"the evidence has no column {', '.join(missing)}", evidence)
        found = declared(difference.rows, evidence.clusters, evidence.about, self.by, self.slices, self.min_rows)
        return self._verdict(found, evidence)

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days there is no interval; without a champion, none is needed."""
        return None if prospect.champion is None else too_few_days(prospect.clusters)

    def _verdict(self, found: Declared, evidence: Evidence) -> Verdict:
        parts, left_out = found.held(self.margin)
        if not parts:
            return cannot_tell(NAME, f"no slice can be judged: {_named(left_out[0])}", evidence)
        worst, unsure = parts[0], [one for one in left_out if one.name in found.written]
        outcome = Outcome.CANNOT_TELL if worst.outcome is Outcome.PASSED and unsure else worst.outcome
        return Verdict(
            gate=NAME,
            outcome=outcome,
            reason=f"{self._reason(parts, unsure)} (one-sided 95 %, {_basis(parts, left_out)})",
            effect=worst.effect,
            low=worst.low,
            high=worst.high,
            bar=self.margin,
            n=evidence.rows,
            test="cluster-robust t by day in each slice; harm by Holm's method over all of them",
            wanted="below",
            p=found.p(self.margin),
            level=LEVEL,
            parts=(*parts, *left_out),
        )

    def _reason(self, parts: Sequence[Detail], unsure: Sequence[Detail]) -> str:
        loss, wanted = TITLES[self.loss], f"wanted less than {show(self.margin)} higher in each slice"
        worst = [part for part in parts if part.outcome is parts[0].outcome]
        if worst[0].outcome is Outcome.FAILED:
            told = "; ".join(f"{_effect(part)}, surely {compared(part.low or 0.0)}" for part in worst[:SHOWN])
            return f"{loss} is harmed in {len(worst)} of {len(parts)} slices: {told}{_more(worst)}; {wanted}"
        if worst[0].outcome is Outcome.CANNOT_TELL:
            told = "; ".join(f"{_effect(part)}, at worst {compared(part.high or 0.0)}" for part in worst[:SHOWN])
            return f"{loss} is open in {len(worst)} of {len(parts)} slices: {told}{_more(worst)}; {wanted}"
        if unsure:
            return f"{loss} is not harmed where that can be judged, but {_named(unsure[0])}; {wanted}"
        told = f"{_effect(worst[0])}, at worst {compared(worst[0].high or 0.0)}"
        return f"{loss} is not harmed in any of {len(parts)} slices; the worst: {told}; {wanted}"


def _effect(part: Detail) -> str:
    return f"{part.name}, {compared(part.effect or 0.0)} than the champion's"


def _more(parts: Sequence[Detail]) -> str:
    return f"; and {len(parts) - SHOWN} more" if len(parts) > SHOWN else ""


def _named(left_out: Detail) -> str:
    return f"{left_out.name} has {left_out.reason}"


def _basis(parts: Sequence[Detail], left_out: Sequence[Detail]) -> str:
    rows = f"slices of {min(part.n for part in parts):,} to {max(part.n for part in parts):,} rows"
    return f"{rows}, {len(left_out)} too small to be judged" if left_out else rows
