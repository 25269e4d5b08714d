"""The monitor `prediction_drift`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from everfit.monitors._ahead import ahead, judged, numbers, told
from everfit.monitors._inputs import Inputs, too_few
from everfit.monitors._known import answered
from everfit.monitors._moves import DISTANCES, Move, course, moves
from everfit.refuse import number, one_of
from everfit.signals import Signal
from everfit.statistics.decay.cause import LEAST
from everfit.statistics.decay.columns import Column
from everfit.statistics.drift.judge import together
from everfit.statistics.two_sample import TwoSample, scores_moved
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    from everfit.monitors.seen import Rows, Seen

BLIND = "concept drift: the same answers to the same rows may have become wrong"


@dataclass(frozen=True)
class PredictionDrift:
    """Whether the answers moved, and whether the model errs more where they are now.

    Each column of answers (a number, a class, a quantile) is held against the reference's by `distance`, and all
    together by a classifier; days may differ as those of the reference do. Answers that move are a symptom: a Monday
    with more storms has more late flights. It is harm only if they moved and the loss of rows with such answers, as it
    was in the reference, is expected to be higher, surely by more than the share `rise` of it.
    """

    distance: Literal["psi", "jensen_shannon", "wasserstein"] = "psi"
    rise: float = LEAST

    def __post_init__(self) -> None:
        one_of("distance", self.distance, DISTANCES)
        number("rise", self.rise, least=0)

    def watch(self, seen: Seen) -> Signal:
        """Hold the answers of the window against those of the reference."""
        reference, window = answered(seen.reference), answered(seen.window)
        if few := too_few(reference.rows, window.rows):
            reason = few.replace("no row", "no answer")
            return Signal("prediction_drift", Outcome.CANNOT_TELL, reason, n=window.rows, blind_to=BLIND)
        old, new = answers(reference, seen.names), answers(window, seen.names)
        days = reference.day, window.day
        found = moves(old, new, days, level=seen.level, distance=self.distance)
        drifted = together({move.name: move.first for move in found}, seen.level)
        both = scores_moved(reference.scores, window.scores, clusters=days)
        outcome, why, expected = Outcome.PASSED, "", None
        if drifted or both.p <= seen.level:
            of_answers = replace(seen, reference=reference, window=window)
            expected = ahead(of_answers, Inputs.of(old, new), seen.level)
            outcome, why = judged(expected, self.rise), f": {told(expected, self.rise)}"
        worst = max(found, key=lambda move: move.size)
        place = [column.name for column in old].index(worst.name)
        return Signal(
            "prediction_drift",
            outcome,
            _summary(worst, len(found), drifted, both, seen.level) + why,
            *numbers(expected, self.rise),
            n=window.rows,
            test="density ratio and expected loss, doubly robust, by day",
            p=expected.p(self.rise) if expected else None,
            level=1 - seen.level,
            parts=_parts(found, drifted, outcome, window.rows),
            course=course(old[place], new[place], window),
            blind_to=BLIND,
        )


def answers(rows: Rows, names: Sequence[str]) -> tuple[Column, ...]:
    """The answers as columns: `answer`, or one for each class or quantile by its name."""
    if rows.scores.ndim == 1:
        return (Column("answer", rows.scores),)
    wide = rows.scores.shape[1]
    titles = names if len(names) == wide else [f"answer {place}" for place in range(wide)]
    return tuple(Column(name, rows.scores[:, place]) for place, name in enumerate(titles))


def _summary(worst: Move, count: int, drifted: Sequence[str], both: TwoSample, level: float) -> str:
    if not drifted and both.p > level:
        return f"answers are as they were ({worst.words})"
    which = f", {worst.name} most" if count > 1 else ""
    if drifted:
        return f"answers moved{which} ({worst.words})"
    return f"answers moved{which}, each by little (told apart with an AUC of {both.auc.value:.2f})"


def _parts(found: Sequence[Move], drifted: Sequence[str], outcome: Outcome, rows: int) -> tuple[Detail, ...]:
    ordered = sorted(found, key=lambda move: (move.name not in drifted, -move.size))
    return tuple(
        Detail(
            move.name,
            outcome if move.name in drifted else Outcome.PASSED,
            f"{'moved' if move.name in drifted else 'as it was'}: {move.first}",
            move.first.value,
            bar=move.bar,
            n=rows,
        )
        for move in ordered
    )
