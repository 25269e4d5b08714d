"""The judge of a shadow or a canary: harm, good or go on, as often as anybody looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.rollouts._errors import errors
from everfit.rollouts._latency import latency
from everfit.rollouts._parts import Levels
from everfit.rollouts._scores import agreement, calibration, quality
from everfit.rollouts.bars import SIGNALS, Bars
from everfit.statistics.losses import CLASSES
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from everfit.rollouts.seen import Watched

USUAL = Bars()

USUALLY_APART = 0.1
"""Two probabilities of one row that differ by more do not agree."""


@dataclass(frozen=True)
class Found:
    """What the judge says now: `FAILED` is harm (roll back at once), `PASSED` good (go on to the next), else go on.

    `parts` has one `Detail` per signal (`everfit.rollouts.bars.SIGNALS`) that the bars and the task allow, seen or not:
    effect, interval, bar, n, and its own outcome. `false_alarms` is the share of harmless challengers that may be
    rolled back, however often one looks.
    """

    outcome: Outcome
    reason: str
    parts: tuple[Detail, ...]
    false_alarms: float

    @property
    def harm(self) -> bool:
        """Whether to roll back."""
        return self.outcome is Outcome.FAILED

    @property
    def good(self) -> bool:
        """Whether to promote."""
        return self.outcome is Outcome.PASSED


def judge_stage(seen: Watched, bars: Bars = USUAL, false_alarms: float = 0.05) -> Found:
    """Judge all that was seen of a challenger so far; may be asked after every event, on the whole history each time.

    It keeps no state: the same data get the same answer. A part is harm once its whole interval is beyond its bar, and
    good once all of it is within. The whole is harm if any part is, and good if all wanted parts are. Of challengers
    that are within every bar, at most `false_alarms` are ever called harmful, at any number of looks: the parts share
    it evenly. Of challengers beyond a bar, at most `false_alarms` are ever called good.

    That holds for one history. So give it all the steps of a canary together (a part never depends on the share of the
    traffic, which may change from step to step), and if a rollout has a shadow and a canary, divide `false_alarms`
    between them. Harm is to be acted on: once it was said, more data are no appeal.
    """
    asked = signals_of(seen, bars)
    if not asked:
        return Found(Outcome.CANNOT_TELL, "no signal is judged", (), false_alarms)
    levels = Levels(false_alarms / len(asked), false_alarms)
    parts = tuple(_parts(seen, bars, asked, levels))
    outcome = _outcome(parts, bars)
    return Found(outcome, _reason(outcome, parts, bars), parts, false_alarms)


def signals_of(seen: Watched, bars: Bars) -> tuple[str, ...]:
    """What is judged of such a task with such bars: known before anything is seen, for the level is shared among them.

    Not judged are: agreement outside the shadow, or without `apart` where scores are no probabilities; quality without
    a loss, or as a share of one that may be negative; calibration of tasks whose answers do not say how sure they are.
    """
    possible = {
        "errors": bars.errors is not None,
        "latency_p50": bars.latency is not None,
        "latency_p99": bars.latency is not None,
        "agreement": bars.agreement is not None and seen.paired and _apart(seen, bars) is not None,
        "quality": bool(seen.loss) and (bars.margin is not None or (bars.quality is not None and _positive(seen.loss))),
        "calibration": bars.calibration is not None and seen.task in {*CLASSES, "quantile"},
    }
    return tuple(signal for signal in SIGNALS if possible[signal])


def _parts(seen: Watched, bars: Bars, asked: tuple[str, ...], levels: Levels) -> Iterator[Detail]:
    if bars.errors is not None and "errors" in asked:
        yield errors(seen, bars.errors, levels)
    if bars.latency is not None:
        yield from latency(seen, ("latency_p50", "latency_p99"), bars.latency, bars.block, levels)
    apart = _apart(seen, bars)
    if bars.agreement is not None and apart is not None and "agreement" in asked:
        yield agreement(seen, apart, bars.agreement, bars.block, levels)
    worse = bars.quality if bars.margin is None else bars.margin
    if worse is not None and "quality" in asked:
        yield quality(seen, bars, worse, levels)
    if bars.calibration is not None and "calibration" in asked:
        yield calibration(seen, bars.calibration, bars.block, levels)


def _outcome(parts: tuple[Detail, ...], bars: Bars) -> Outcome:
    if any(part.outcome is Outcome.FAILED for part in parts):
        return Outcome.FAILED
    wanted = _wanted(parts, bars)
    if wanted and all(part.outcome is Outcome.PASSED for part in wanted):
        return Outcome.PASSED
    return Outcome.CANNOT_TELL


def _reason(outcome: Outcome, parts: tuple[Detail, ...], bars: Bars) -> str:
    if outcome is Outcome.PASSED:
        return "all is within its bar: " + ", ".join(part.name for part in _wanted(parts, bars))
    told = [part for part in parts if part.outcome is outcome]
    said = "; ".join(f"{part.name}: {part.reason}" for part in told)
    return f"harm: {said}" if outcome is Outcome.FAILED else f"still open: {', '.join(part.name for part in told)}"


def _wanted(parts: tuple[Detail, ...], bars: Bars) -> list[Detail]:
    return [part for part in parts if bars.wanted is None or part.name in bars.wanted]


def _apart(seen: Watched, bars: Bars) -> float | None:
    return bars.apart if bars.apart is not None else USUALLY_APART if seen.task in CLASSES else None


def _positive(loss: str) -> bool:
    return loss != "aft_nloglik"
