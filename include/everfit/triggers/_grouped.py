"""Triggers that count together: all of them, any of them, or so many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from everfit.triggers.occasion import Occasion, Reason


class Trigger(Protocol):
    """Says whether it wants a run."""

    def fires(self, occasion: Occasion) -> Reason:
        """Whether it does, and why."""
        ...


def together(some: tuple[Trigger, ...], occasion: Occasion, least: int) -> Reason:
    """Whether at least so many of some triggers want a run, and what those say (or, if it is not enough, all of them).

    >>> from datetime import UTC, datetime
    >>> from everfit.triggers.changed import Changed
    >>> from everfit.triggers.new_data import NewData
    >>> now = Occasion(datetime(2013, 6, 1, tzinfo=UTC), changed=("xgboost was 3.2.0 and is 3.4.1",))
    >>> together((NewData(), Changed()), now, least=1).words
    'xgboost was 3.2.0 and is 3.4.1'
    >>> together((NewData(), Changed()), now, least=2).words
    '1 of 2: no new batch, wanted 1; xgboost was 3.2.0 and is 3.4.1'
    """
    reasons = [trigger.fires(occasion) for trigger in some]
    holding = [reason for reason in reasons if reason.holds]
    events = tuple(sorted({event for reason in holding for event in reason.events}))
    if len(holding) >= least:
        return Reason(True, "; ".join(dict.fromkeys(reason.words for reason in holding)), events)
    found = f"{len(holding)} of {least}: " if least > 1 else ""
    return Reason(False, found + "; ".join(reason.words for reason in reasons), events)


@dataclass(frozen=True)
class Group:
    """So many of some triggers: written `all_of: [...]`, `any_of: [...]` or `k_of: {k: 2, of: [...]}`."""

    least: int
    of: tuple[Trigger, ...]

    def fires(self, occasion: Occasion) -> Reason:
        """Whether so many want a run."""
        return together(self.of, occasion, self.least)
