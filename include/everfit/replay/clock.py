"""The clock of a rehearsal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass
class Hands:
    """A `Clock` that stands still until somebody turns it on.

    >>> from datetime import UTC
    >>> clock = Hands(datetime(2013, 1, 1, tzinfo=UTC))
    >>> clock.turn(datetime(2013, 2, 1, tzinfo=UTC))
    >>> clock().month
    2
    """

    at: datetime

    def __call__(self) -> datetime:
        """The moment to which it was turned."""
        return self.at

    def turn(self, to: datetime) -> None:
        """Go on to a later moment; an earlier one changes nothing, for time does not go back."""
        self.at = max(self.at, to)
