"""The monitor `feature_drift`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from everfit.monitors._ahead import ahead, judged, numbers, told
from everfit.monitors._beyond import beyond
from everfit.monitors._inputs import NEGLIGIBLE, Inputs, leant_on, too_few
from everfit.monitors._moves import DISTANCES, Move, course, moves
from everfit.refuse import number, one_of
from everfit.signals import Point, Signal
from everfit.statistics.decay.cause import LEAST
from everfit.statistics.domain import sample
from everfit.statistics.drift.judge import together
from everfit.statistics.two_sample import MOST, TwoSample, two_sample
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    from everfit.monitors.seen import Seen

BLIND = "concept drift, and inputs that the model does not lean on"


@dataclass(frozen=True)
class FeatureDrift:
    """Which inputs moved, alone or together, and whether that harms the model.

    An input drifted if it is further from the reference (or from the season, if the spec has one) than chance takes it
    and than the least that matters, by `distance`; of those called drifted, the share that is so by chance is at most
    the level of this look. A drift is told; it is harm where the model leans on inputs that moved, and either

    - its loss is expected to rise, surely by more than the share `rise` of it; or
    - so many rows have values that it was never judged on that the loss would rise by more than the share `at_stake`,
      surely, if the input told it nothing there: what it loses in such rows nobody knows.
    """

    distance: Literal["psi", "jensen_shannon", "wasserstein"] = "psi"
    rise: float = LEAST
    at_stake: float = 0.05

    def __post_init__(self) -> None:
        one_of("distance", self.distance, DISTANCES)
        number("rise", self.rise, least=0)
        number("at_stake", self.at_stake, least=0)

    def watch(self, seen: Seen) -> Signal:
        """Look at each input, at all of them together, and at what the loss will be."""
        against = seen.season or seen.reference
        if few := too_few(min(against.rows, seen.reference.rows), seen.window.rows):
            return Signal("feature_drift", Outcome.CANNOT_TELL, few, n=seen.window.rows, blind_to=BLIND)
        inputs = Inputs.of(against.columns, seen.window.columns)
        days = against.day, seen.window.day
        found = moves(inputs.reference, inputs.window, days, level=seen.level, distance=self.distance)
        if not found:
            reason = "no input to compare: each has no value, or is not on both sides"
            return Signal("feature_drift", Outcome.CANNOT_TELL, reason, n=seen.window.rows, blind_to=BLIND)
        drifted = together({move.name: move.first for move in found}, seen.level)
        chosen = sample(against.rows, MOST, 0), sample(seen.window.rows, MOST, 0)
        clusters = days[0][chosen[0]], days[1][chosen[1]]
        all_of_them = two_sample(*inputs.matrices(*chosen), inputs.names, clusters=clusters)
        return self._judged(seen, inputs, found, drifted, all_of_them)

    def _judged(
        self, seen: Seen, inputs: Inputs, found: Sequence[Move], drifted: Sequence[str], both: TwoSample
    ) -> Signal:
        harm = self._harm(seen, leant_on(seen.leans, drifted))
        parts = _parts(found, drifted, seen, harm.outcome)
        return Signal(
            "feature_drift",
            harm.outcome,
            f"{_summary(found, drifted, both, seen.level)}; {harm.why}",
            *harm.numbers,
            n=seen.window.rows,
            test="density ratio and expected loss, doubly robust, by day",
            p=harm.p,
            level=1 - seen.level,
            parts=(*parts, _together(both, seen), *_others(inputs, seen)),
            course=_course(inputs, seen, parts[0].name) if drifted else (),
            blind_to=BLIND,
        )

    def _harm(self, seen: Seen, drifted: Sequence[str]) -> _Harm:
        """What those do that the model leans on; `drifted` are the ones of these that did.

        Held against a season, only what drifted beyond it counts: it is no wonder if others are not where they were.
        """
        inputs = Inputs.of(seen.reference.columns, seen.window.columns)
        inputs = inputs.some(leant_on(seen.leans, inputs.names))
        expected = ahead(seen, inputs, seen.level / 2)
        moved = bool(drifted) or (
            seen.season is None and expected is not None and expected.moved.p(0.5, above=True) <= seen.level
        )
        outcome = judged(expected, self.rise) if moved else Outcome.PASSED
        worst = max(beyond(seen, inputs, seen.level / 2), key=lambda one: one.low, default=None)
        if outcome is not Outcome.FAILED and worst is not None and worst.low > self.at_stake:
            return _Harm(Outcome.FAILED, worst.words, (worst.value, worst.low, worst.high, self.at_stake))
        why = told(expected, self.rise) if moved else "nothing that the model leans on moved"
        p = expected.p(self.rise) if expected else None
        return _Harm(outcome, why, numbers(expected, self.rise), p)


@dataclass(frozen=True)
class _Harm:
    """What moved columns do to a model."""

    outcome: Outcome
    why: str
    numbers: tuple[float | None, float | None, float | None, float]
    p: float | None = None


def _summary(found: Sequence[Move], drifted: Sequence[str], both: TwoSample, level: float) -> str:
    by_name = {move.name: move for move in found}
    if drifted:
        worst = max((by_name[name] for name in drifted), key=lambda move: move.size)
        which = f"{worst.name} most" if len(drifted) > 1 else worst.name
        return f"{len(drifted)} of {len(found)} inputs drifted ({which}: {worst.words})"
    if both.p <= level:
        return f"no input drifted alone, but together they did (told apart with an AUC of {both.auc.value:.2f})"
    return f"none of {len(found)} inputs drifted" if len(found) > 1 else "the one input did not drift"


def _parts(found: Sequence[Move], drifted: Sequence[str], seen: Seen, outcome: Outcome) -> tuple[Detail, ...]:
    """Each input, the worst for the model first: those that drifted, by how much it leans on them."""

    def worst(move: Move) -> tuple[bool, float, float]:
        return move.name not in drifted, -(seen.leans.get(move.name, 1.0) if move.name in drifted else 0), -move.size

    return tuple(_part(move, move.name in drifted, seen, outcome) for move in sorted(found, key=worst))


def _part(move: Move, drifted: bool, seen: Seen, outcome: Outcome) -> Detail:
    lean = seen.leans.get(move.name)
    if lean is None:
        leaning = "how much the model leans on it is not known"
    elif lean < NEGLIGIBLE:
        leaning = "the model does not lean on it"
    else:
        leaning = f"without it the model would lose {lean:.0%} more"
    more = "".join(f", {drift.distance} {drift.value:.2g}" for drift in move.others)
    words = f"{'drifted' if drifted else 'as it was'}: {move.first}{more}; {leaning}"
    harms = drifted and (lean is None or lean >= NEGLIGIBLE)
    return Detail(
        move.name, outcome if harms else Outcome.PASSED, words, move.first.value, bar=move.bar, n=seen.window.rows
    )


def _together(both: TwoSample, seen: Seen) -> Detail:
    """All inputs as one: told, since what they do to the model is asked of those that it leans on."""
    most = ", ".join(used.name for used in both.ranking[:3]) if both.p <= seen.level else ""
    words = f"a classifier tells the rows apart with an AUC of {both.auc.value:.3f}, p = {both.p:.2g}"
    words += f", mostly by {most}" if most else ": no better than chance"
    return Detail(
        "all inputs together", Outcome.PASSED, words, both.auc.value, both.auc.low, both.auc.high, 0.5, both.auc.rows
    )


def _others(inputs: Inputs, seen: Seen) -> tuple[Detail, ...]:
    """Columns that only one side has."""
    gone = [Detail(name, Outcome.CANNOT_TELL, "not in these rows", n=seen.window.rows) for name in inputs.gone]
    new = [Detail(name, Outcome.CANNOT_TELL, "not in the reference", n=seen.window.rows) for name in inputs.new]
    return (*gone, *new)


def _course(inputs: Inputs, seen: Seen, name: str | None) -> tuple[Point, ...]:
    if name is None:
        return ()
    one = inputs.some([name])
    return course(one.reference[0], one.window[0], seen.window)
