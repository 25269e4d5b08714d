"""What would have changed the decision: computed from the numbers of the verdicts, and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from everfit.plots.card.axis import short
from everfit.values import Judgement, Outcome, Verdict

MANY = 50.0
"""So many times the rows are more than anybody waits for."""

CLOSEST = 2
NEAR = 10.0
"""A gate was close if its bound clears the bar by less than so many widths of its interval."""


@dataclass(frozen=True)
class Case:
    """One gate, and what would have made it speak differently, in a sentence."""

    gate: str
    words: str


@dataclass(frozen=True)
class Reach:
    """A verdict's numbers seen from the side that passes: `miss` is how far its bound is from the bar on the wrong side
    (negative: it clears it), `reach` how far the bound is from the effect, `room` how far the effect clears the bar."""

    miss: float
    reach: float
    room: float

    @classmethod
    def of(cls, verdict: Verdict) -> Reach | None:
        """None for a verdict without an interval and a bar.

        >>> v = Verdict("g", Outcome.CANNOT_TELL, "", effect=0.5, low=0.25, high=0.75, bar=0.375, wanted="above")
        >>> Reach.of(v)
        Reach(miss=0.125, reach=0.25, room=0.125)
        """
        effect, bar = verdict.effect, verdict.bar
        bound = verdict.low if verdict.wanted == "above" else verdict.high
        bound = effect if bound is None else bound
        if effect is None or bar is None or bound is None or verdict.wanted not in ("above", "below"):
            return None
        sign = 1.0 if verdict.wanted == "above" else -1.0
        return cls(sign * (bar - bound), abs(effect - bound), sign * (effect - bar))


def otherwise(judgement: Judgement) -> tuple[Case, ...]:
    """Of a candidate that is kept back, what each gate lacked; of one that is promoted, which gates were the closest.

    That more rows narrow an interval is by the root of their number, and supposes that the effect stays and that the
    new rows are of days like these.
    """
    if not judgement.verdicts:
        return (Case("", "The spec names no gate, and any gate that passes would have let it through: add gates."),)
    lacking = [verdict for verdict in judgement.verdicts if verdict.outcome is not Outcome.PASSED]
    if lacking:
        return tuple(Case(verdict.gate, _lacked(verdict)) for verdict in lacking)
    if not judgement.promote:
        return (Case("", f"Every gate passed, but {judgement.reason}."),)
    known = [(reach, verdict) for verdict in judgement.verdicts if (reach := Reach.of(verdict))]
    closest = sorted(known, key=lambda pair: pair[0].miss / pair[0].reach if pair[0].reach else float("-inf"))
    near = [pair for pair in closest[::-1] if -pair[0].miss <= NEAR * pair[0].reach] or closest[-1:]
    return tuple(Case(verdict.gate, _cleared(reach, verdict)) for reach, verdict in near[:CLOSEST])


def _lacked(verdict: Verdict) -> str:
    reach = Reach.of(verdict)
    if reach is None:
        parts = [part for part in verdict.parts if part.outcome is not Outcome.PASSED]
        if parts:
            named = ", ".join(part.name for part in parts[:3]) + (" and others" if len(parts) > 3 else "")  # noqa: PLR2004
            return f"It would have passed if {len(parts)} of its {len(verdict.parts)} parts had: {named}."
        told = "has no number to say how far it was" if verdict.outcome is Outcome.FAILED else "had nothing to measure"
        return f"The gate {told}: {verdict.reason}."
    bar, bound = short(verdict.bar or 0.0), short((verdict.bar or 0.0) - _sign(verdict) * reach.miss)
    if reach.room > 0 and reach.miss <= 0:
        return f"Its interval from {bound} clears the bar {bar}; what it lacks is said above."
    if reach.room <= 0:
        wanted = (verdict.bar or 0.0) + _sign(verdict) * reach.reach
        return (
            f"It would have passed with {short(wanted)} or {'more' if verdict.wanted == 'above' else 'less'} instead "
            f"of {short(verdict.effect or 0.0)}. More rows alone do not help: what was measured is "
            f"itself on the wrong side of the bar {bar}."
        )
    times = (reach.reach / reach.room) ** 2
    narrower = f"With an interval {short(reach.miss)} narrower on the side of the bar it would have passed"
    if times > MANY or not verdict.n:
        return f"{narrower}, which more rows do not bring: {short(verdict.effect or 0.0)} is all but on the bar."
    return (
        f"{narrower}: about {_round(verdict.n * (times - 1)):,} more rows of such days, if the effect stays as it is."
    )


def _cleared(reach: Reach, verdict: Verdict) -> str:
    bound = (verdict.bar or 0.0) - _sign(verdict) * reach.miss
    side = "lower" if verdict.wanted == "above" else "higher"
    return (
        f"Its bound {short(bound)} clears the bar {short(verdict.bar or 0.0)} by {short(-reach.miss)}. With "
        f"an effect {short(-reach.miss)} {side} than {short(verdict.effect or 0.0)} the candidate would have "
        "been kept back."
    )


def _sign(verdict: Verdict) -> float:
    return 1.0 if verdict.wanted == "above" else -1.0


def _round(rows: float) -> int:
    """Two digits are as much as can be said of it.

    >>> _round(12345.6), _round(7.2)
    (12000, 8)
    """
    from math import ceil, log10

    size = int(10 ** max(0, int(log10(max(rows, 1.0))) - 1))
    return int(ceil(rows) if size == 1 else round(rows / size) * size)
