"""The strategy `ab`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from everfit.refuse import between, duration
from everfit.rollouts._settings import as_text, check_end
from everfit.rollouts.bars import Bars
from everfit.rollouts.judging import USUAL
from everfit.values import Stage


@dataclass(frozen=True)
class AB:
    """A fixed `share` of the callers (in percent) for a fixed time (`lasts`), then the evidence decides.

    Dealt by the input `key`, so that a customer or a shop gets the same version all along. At the end the challenger is
    promoted if it is shown that it is not worse; else it is kept back (`otherwise`). Harm does not wait for the end.
    """

    key: str
    share: float = 50.0
    lasts: str = "7d"
    answers: int = 100
    otherwise: Literal["keep_back", "promote"] = "keep_back"
    bars: Bars = USUAL

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError("key: found nothing, wanted the input whose equal values get the same version")
        between("share", self.share, 0, 100, open_ends=True)
        check_end(self.answers, self.otherwise)
        if not duration("lasts", self.lasts):
            raise ValueError(f"lasts: found {self.lasts!r}, wanted some time, such as 7d")

    def stages(self) -> tuple[Stage, ...]:
        """One.

        >>> [(stage.name, stage.at_least == stage.at_most) for stage in AB("carrier").stages()]
        [('a/b 50 %', True)]
        """
        lasts = duration("lasts", self.lasts)
        whom = f"a/b {self.share:g} %", self.share / 100, False, self.key
        return (Stage(*whom, lasts, lasts, self.answers, "not_worse", self.otherwise, as_text(self.bars)),)
