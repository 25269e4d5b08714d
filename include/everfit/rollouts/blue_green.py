"""The strategy `blue_green`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from everfit.rollouts._settings import as_text, check_end, span
from everfit.rollouts.bars import Bars
from everfit.rollouts.judging import USUAL
from everfit.values import Stage


@dataclass(frozen=True)
class BlueGreen:
    """The challenger answers everybody at once, and the champion scores all of it in the shadow, ready to take over.

    It is watched for `watch`, and until it has given so many `answers`; then it is promoted if no harm has shown. On
    harm everybody is answered by the champion again at once. If it has not come to that at `at_most`, the challenger
    is kept back (`otherwise`).
    """

    watch: str = "1h"
    at_most: str = "24h"
    answers: int = 100
    needs: Literal["not_worse", "no_harm"] = "no_harm"
    otherwise: Literal["keep_back", "promote"] = "keep_back"
    bars: Bars = USUAL

    def __post_init__(self) -> None:
        check_end(self.answers, self.otherwise, self.needs)
        span(self.watch, self.at_most, ("watch", "at_most"))

    def stages(self) -> tuple[Stage, ...]:
        """One.

        >>> [(stage.name, stage.share, stage.shadow) for stage in BlueGreen().stages()]
        [('blue/green', 1.0, True)]
        """
        least, most = span(self.watch, self.at_most, ("watch", "at_most"))
        return (
            Stage(
                "blue/green", 1.0, True, "", least, most, self.answers, self.needs, self.otherwise, as_text(self.bars)
            ),
        )
