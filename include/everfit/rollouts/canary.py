"""The strategy `canary`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from everfit.refuse import between
from everfit.rollouts._settings import as_text, check_end, span
from everfit.rollouts.bars import Bars
from everfit.rollouts.judging import USUAL
from everfit.values import Stage


@dataclass(frozen=True)
class Canary:
    """The challenger answers a few, then more: `steps` in percent of the requests.

    Who is among the first 5 % is among the 25 %, too. With `key`, an input such as a customer or a shop, equal values
    always get the same version; without, chance decides for each request. Each step lasts for `bake` at least, and
    until the challenger has given so many `answers`; it goes on if no harm has shown. The last step ends as soon as it
    is shown that the challenger is not worse (`needs: no_harm`: as the others do). A step that has lasted for
    `at_most` without coming to that ends the rollout: the challenger is kept back (`otherwise`).
    """

    steps: tuple[float, ...] = (5.0, 25.0, 50.0)
    bake: str = "30m"
    at_most: str = "24h"
    key: str = ""
    answers: int = 100
    needs: Literal["not_worse", "no_harm"] = "not_worse"
    otherwise: Literal["keep_back", "promote"] = "keep_back"
    bars: Bars = USUAL

    def __post_init__(self) -> None:
        if not self.steps or list(self.steps) != sorted(set(self.steps)):
            raise ValueError(f"steps: found {list(self.steps)}, wanted percentages that grow, such as [5, 25, 50]")
        for percent in self.steps:
            between("steps", percent, 0, 100, open_ends=True)
        check_end(self.answers, self.otherwise, self.needs)
        span(self.bake, self.at_most, ("bake", "at_most"))

    def stages(self) -> tuple[Stage, ...]:
        """One for each step.

        >>> [(stage.name, stage.share, stage.needs) for stage in Canary(steps=(5, 50)).stages()]
        [('canary 5 %', 0.05, 'no_harm'), ('canary 50 %', 0.5, 'not_worse')]
        """
        return tuple(self._step(percent, last=percent == self.steps[-1]) for percent in self.steps)

    def _step(self, percent: float, *, last: bool) -> Stage:
        least, most = span(self.bake, self.at_most, ("bake", "at_most"))
        needs, otherwise = (self.needs, self.otherwise) if last else ("no_harm", "keep_back")
        name, share = f"canary {percent:g} %", percent / 100
        return Stage(name, share, False, self.key, least, most, self.answers, needs, otherwise, as_text(self.bars))
