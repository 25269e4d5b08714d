"""The gate `treats_groups_alike`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from everfit.gates._alike import RATES, Asked, rate_of
from everfit.gates._alike_verdict import Scale, verdict
from everfit.gates._champion import opponent
from everfit.gates._claims import cannot_tell, obstacle, too_few_days
from everfit.gates._grouping import groupings
from everfit.refuse import between, number, one_of, whole, words
from everfit.values import Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect

MOST_GROUPS = 100
"""With more groups, a column is hardly one that people are grouped by."""


@dataclass(frozen=True)
class TreatsGroupsAlike:
    """The candidate treats groups of rows alike: no two of them are too far apart.

    Settings: `by`, the columns whose values make the groups (with `crossed: true` each combination of values is one),
    and `measure`: `demographic_parity` (the share of rows that are called positive), `equal_opportunity` (that share
    among rows with label 1) or `equalised_odds` (among rows with label 1, and among those with label 0). A row is
    called positive when its score is at least `threshold` (0.5).

    The bar is one of three: `within`, the largest difference of two shares; `ratio`, the least that the smaller may be
    of the larger (0.8 is the four-fifths rule); `no_worse_than_champion_by`, by how much the difference of two groups
    may be wider than the champion's. Each group is compared with each other one, or with all others together
    (`against: the_rest`).

    It passes when the one-sided 95 % bound of every pair clears the bar: a candidate of which one pair is exactly at
    the bar passes at most once in twenty times, however many pairs there are. It fails when one pair is surely beyond
    it, with the bounds of all pairs holding at once (Bonferroni). Groups with fewer than `min_rows` rows (100), or rows
    on fewer than 10 days, have no say: the gate then cannot tell, and names them, unless the spec leaves them out by
    name (`leave_out`). Intervals are Newcombe's for differences and Koopman's for ratios, with effective rows by day.
    """

    by: tuple[str, ...]
    measure: Literal["demographic_parity", "equal_opportunity", "equalised_odds"]
    within: float | None = None
    ratio: float | None = None
    no_worse_than_champion_by: float | None = None
    threshold: float = 0.5
    crossed: bool = False
    against: Literal["each_other", "the_rest"] = "each_other"
    min_rows: int = 100
    leave_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        words("by", self.by)
        words("leave_out", self.leave_out, least=0)
        one_of("measure", self.measure, RATES)
        one_of("against", self.against, ("each_other", "the_rest"))
        between("threshold", self.threshold, 0, 1)
        whole("min_rows", self.min_rows, least=1)
        bars = ("within", "ratio", "no_worse_than_champion_by")
        given = [name for name in bars if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"within: treats_groups_alike takes one of {', '.join(bars)}, found {len(given)} of them")
        if self.ratio is None:
            number(given[0], self.bar, above=0)
        else:
            between("ratio", self.ratio, 0, 1, open_ends=True)

    @property
    def tasks(self) -> frozenset[str]:
        """A row is called positive or not."""
        return frozenset({"binary"})

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that make the groups."""
        return self.by

    @property
    def bar(self) -> float:
        """The bar, whichever of the three settings holds it."""
        return float(next(bar for bar in (self.within, self.ratio, self.no_worse_than_champion_by) if bar is not None))

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold the interval of the largest gap against the bar."""
        change = self.no_worse_than_champion_by is not None
        if change and isinstance(settled := opponent("treats_groups_alike", evidence), Verdict):
            return settled
        if why_not := obstacle(evidence, "candidate", evidence.candidate):
            return cannot_tell("treats_groups_alike", why_not, evidence)
        if missing := [name for name in self.by if name not in evidence.about]:
            why_not = f"the evidence has no column {', '.join(missing)}: evaluate the candidate again with this gate"
            return cannot_tell("treats_groups_alike", why_not, evidence)
        found = groupings(evidence.about, self.by, crossed=self.crossed)
        for one in found:
            if len(one.names) > MOST_GROUPS:
                why_not = f"{', '.join(self.by)}: found {len(one.names):,} groups, wanted {MOST_GROUPS} at most"
                return cannot_tell("treats_groups_alike", why_not, evidence)
        asked = Asked(self.threshold, self.min_rows, self.leave_out, self.against == "the_rest", change)
        rates = [rate_of(evidence, one, *rate, asked) for one in found for rate in RATES[self.measure].items()]
        return verdict("treats_groups_alike", evidence, rates, self._scale, self.min_rows)

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days there is no interval."""
        return prospect.standing.spent or too_few_days(prospect.clusters)

    @property
    def _scale(self) -> Scale:
        if self.ratio is not None:
            return Scale("ratio", float(self.ratio))
        return Scale("apart" if self.no_worse_than_champion_by is None else "wider", self.bar)
