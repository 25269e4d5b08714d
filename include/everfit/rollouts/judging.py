"""The judge of a shadow or a canary: harm, good or go on, as often as anybody looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.rollouts.bars import Bars
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    from everfit.rollouts.seen import Watched

USUAL = Bars()


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
    raise NotImplementedError
