"""From comparisons of groups to a verdict: the largest gap and its interval against the bar, and the words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log
from typing import TYPE_CHECKING, Literal

from everfit.gates._alike import REST, Pair, Rate, pairs
from everfit.gates._claims import cannot_tell, show
from everfit.statistics.gaps import Gaps, differences, ratios, widened
from everfit.statistics.interval import FEWEST_CLUSTERS, LEVEL, count_clusters
from everfit.values import Detail, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from everfit.gates.evidence import Evidence

NAMED = 5
"""So many small groups are named in a reason; the parts of the verdict have them all."""

METHODS = {
    "apart": "Newcombe's hybrid score intervals with effective rows",
    "ratio": "Koopman's score intervals with effective rows",
    "wider": "paired cluster-robust t",
}


@dataclass(frozen=True)
class Scale:
    """How gaps are spoken of (a difference, a ratio, how much wider than the champion's), and the bar on that scale."""

    kind: Literal["apart", "ratio", "wider"]
    bar: float

    @property
    def above(self) -> bool:
        """Whether the side above the bar passes."""
        return self.kind == "ratio"

    @property
    def extreme(self) -> Callable[..., float]:
        """Of several, the one that is least alike."""
        return min if self.above else max

    def level(self, evidence: Evidence) -> float:
        """The confidence of each end: where the champion is compared with, what this decision needs."""
        return evidence.standing.level if self.kind == "wider" else LEVEL

    def compare(self, rate: Rate, level: float, among: int) -> Gaps:
        """The gaps of one rate; of ratios the logarithms."""
        if self.kind == "wider" and rate.theirs is not None:
            return widened(rate.ours, rate.theirs, rate.one, rate.two, level, among)
        return (ratios if self.above else differences)(rate.ours, rate.one, rate.two, level, among)

    def pairs(self, rates: Iterable[Rate], level: float, among: int) -> list[Pair]:
        """Every pair of every rate, on this scale."""
        if not self.above:
            return pairs(rates, lambda rate: self.compare(rate, level, among), self.bar)
        found = pairs(rates, lambda rate: self.compare(rate, level, among), -log(self.bar))
        return [replace(one, effect=exp(-one.effect), low=exp(-one.high), high=exp(-one.low)) for one in found]

    def side(self, pair: Pair) -> Outcome:
        """The rule of `everfit.gates._claims.side`, for one pair."""
        if pair.low >= self.bar if self.above else pair.high < self.bar:
            return Outcome.PASSED
        if pair.high < self.bar if self.above else pair.low >= self.bar:
            return Outcome.FAILED
        return Outcome.CANNOT_TELL

    def words(self, pair: Pair, outcome: Outcome, end: float) -> str:
        """How far apart one pair is; `end` is what all pairs that pass are surely on the good side of."""
        low, high = self._said(pair.low), self._said(pair.high)
        if self.above:
            sure = {
                Outcome.PASSED: f"and surely no share is less than {self._said(end)} of another",
                Outcome.FAILED: f"surely {high} at most",
            }
            return f"{self._said(pair.effect)} of it, {sure.get(outcome, f'from {low} to {high}, so it is open')}"
        sure = {
            Outcome.PASSED: f"and surely no two are as much as {self._said(end)}",
            Outcome.FAILED: f"surely {low} at least",
        }
        return f"{self._said(pair.effect)}, {sure.get(outcome, f'from {low} to {high}, so it is open')}"

    @property
    def wanted(self) -> str:
        """The bar, in words."""
        return f"wanted {'at least' if self.above else 'less than'} {self._said(self.bar)}"

    def _said(self, value: float) -> str:
        if self.kind == "wider":
            return f"{show(abs(value))} {'narrower' if value < 0 else 'wider'}"
        return show(value) if self.above else f"{show(value)} apart"


def verdict(gate: str, evidence: Evidence, rates: list[Rate], scale: Scale, least: int) -> Verdict:
    """The verdict on the largest gap of all rates; groups of fewer than `least` rows keep it from passing."""
    level, among = scale.level(evidence), sum(len(rate.one) for rate in rates)
    small = {(name, why): rows for rate in rates for name, (rows, why) in rate.small.items()}
    too_small = _named([f"{name} ({why})" for name, why in small], least)
    if not among:
        return cannot_tell(gate, f"there are no two groups to compare{too_small}", evidence)
    made = scale.pairs(rates, level, among)
    names = sorted({name for pair in made for name in pair.names} - {REST})
    of_pairs = f"{among} pair{'' if among == 1 else 's'} of {len(names)} groups"
    basis = f"one-sided {100 * level:.4g} %"
    freedom = min(float(rate.ours.equal.min()) - 1 for rate in rates if len(rate.one))
    on = f"{evidence.rows:,} rows of {count_clusters(evidence.clusters)} days"
    return Verdict(
        gate=gate,
        outcome=_worst([*map(scale.side, made), *(Outcome.CANNOT_TELL for _ in small)]),
        reason=f"{_reason(made, scale)}; {scale.wanted}{too_small} ({basis}, {on}, {of_pairs})",
        effect=scale.extreme(pair.effect for pair in made),
        low=scale.extreme(pair.low for pair in made),
        high=scale.extreme(pair.high for pair in made),
        bar=scale.bar,
        n=evidence.rows,
        test=f"{METHODS[scale.kind]} by day, {of_pairs}, {freedom:.3g} degrees of freedom or more, {basis}",
        wanted="above" if scale.above else "below",
        p=max(pair.p for pair in made),
        level=level,
        parts=(
            *(_part(name, [pair for pair in made if name in pair.names], scale, small) for name in names),
            *(
                Detail(name, Outcome.CANNOT_TELL, f"{why}: too little to say", n=rows)
                for (name, why), rows in small.items()
                if name not in names
            ),
        ),
    )


def _reason(made: list[Pair], scale: Scale) -> str:
    """The pair that decided: of those on the worst side, the one that is least alike."""
    outcome = _worst([scale.side(pair) for pair in made])
    deciding = [pair for pair in made if scale.side(pair) is outcome]
    end = scale.extreme((pair.low if scale.above else pair.high) for pair in made)
    worst = scale.extreme(pair.effect for pair in deciding)
    pair = next(pair for pair in deciding if pair.effect == worst)
    more = len(deciding) - 1 if outcome is not Outcome.PASSED else 0
    others = f"; so it is with {more} more pair{'' if more == 1 else 's'}" if more else ""
    return f"{pair.sentence}, {scale.words(pair, outcome, end)}{others}"


def _part(name: str, made: list[Pair], scale: Scale, small: dict[tuple[str, str], int]) -> Detail:
    """What there is to say of one group: its widest gap, and of which rate nothing can be said."""
    worst = scale.extreme(pair.effect for pair in made)
    pair = next(pair for pair in made if pair.effect == worst)
    open_ones = [f"; {why}: too little to say" for who, why in small if who == name]
    return Detail(
        name=name,
        outcome=_worst([*map(scale.side, made), *(Outcome.CANNOT_TELL for _ in open_ones)]),
        reason=f"{pair.sentence}{''.join(open_ones)}",
        effect=pair.effect,
        low=scale.extreme(pair.low for pair in made),
        high=scale.extreme(pair.high for pair in made),
        bar=scale.bar,
        n=pair.rows[pair.names.index(name)],
    )


def _worst(outcomes: list[Outcome]) -> Outcome:
    """Failed if one failed, else cannot tell if one cannot."""
    for outcome in (Outcome.FAILED, Outcome.CANNOT_TELL):
        if outcome in outcomes:
            return outcome
    return Outcome.PASSED


def _named(small: list[str], least: int) -> str:
    if not small:
        return ""
    more = f" and {len(small) - NAMED} more" if len(small) > NAMED else ""
    wanted = f"it takes {least:,} on {FEWEST_CLUSTERS} days"
    return f"; too little to say anything of {', '.join(small[:NAMED])}{more}: {wanted}"
