"""The strategy `shadow`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from everfit.rollouts._settings import as_text, check_end, span
from everfit.rollouts.bars import Bars
from everfit.rollouts.judging import USUAL
from everfit.values import Stage


@dataclass(frozen=True)
class Shadow:
    """The challenger scores every request that the champion answers, and nobody sees what it says.

    After `at_least`, and once it has scored so many requests (`answers`), it goes on if no harm has shown: in
    disagreement, errors, latency, and in quality as far as labels have come. With `needs: not_worse` it has to be
    shown that it is not worse, which takes labels. At `at_most` it is kept back (`otherwise`) if it has not come to
    that.
    """

    at_least: str = "1h"
    at_most: str = "24h"
    answers: int = 100
    needs: Literal["not_worse", "no_harm"] = "no_harm"
    otherwise: Literal["keep_back", "promote"] = "keep_back"
    bars: Bars = USUAL

    def __post_init__(self) -> None:
        check_end(self.answers, self.otherwise, self.needs)
        span(self.at_least, self.at_most)

    def stages(self) -> tuple[Stage, ...]:
        """One, in which the challenger answers nobody.

        >>> [(stage.name, stage.share, stage.shadow) for stage in Shadow().stages()]
        [('shadow', 0.0, True)]
        """
        least, most = span(self.at_least, self.at_most)
        return (
            Stage("shadow", 0.0, True, "", least, most, self.answers, self.needs, self.otherwise, as_text(self.bars)),
        )
