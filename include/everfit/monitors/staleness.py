"""The monitor `staleness`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from everfit.monitors.seen import Seen
from everfit.refuse import duration
from everfit.signals import Signal
from everfit.values import Outcome

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Staleness:
    """How old the newest row is that the champion learnt from; harm once it is older than `at_most`, if that is set."""

    at_most: str = ""

    def __post_init__(self) -> None:
        if self.at_most:
            duration("at_most", self.at_most)

    def watch(self, seen: Seen) -> Signal:
        """How old the champion is, in days."""
        age = (seen.now - seen.born) / DAY
        words = f"the newest row that it learnt from is {age:.0f} days old"
        if not self.at_most:
            return Signal("staleness", Outcome.PASSED, words, age)
        bar = duration("at_most", self.at_most) / DAY
        outcome = Outcome.FAILED if age > bar else Outcome.PASSED
        return Signal("staleness", outcome, f"{words}, allowed {self.at_most}", age, age, age, bar)
