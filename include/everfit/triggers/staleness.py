"""What the ledger says of how stale the champion is: the evidence that the trigger `worth_it` weighs."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean, median

from everfit.statistics.renewal import Renewal
from everfit.values import Took

LATELY = 5
"""What a run costs is the median of so many of the newest: a window grows, and a machine changes."""

SECONDS = "seconds"
MUCH = 100
"""From here on three digits need no decimals."""


@dataclass(frozen=True)
class Staleness:
    """The champion, the batches that came after those of its run, and what earlier retrains showed.

    `rows` are those that the `champion` learnt from, `since` the rows of each later batch, oldest first. The first
    `paid` of these were there when the newest judged run began: what they cost was answered by a run already, whatever
    came of it. `tried` is the greatest number of new batches with which a run was ever held against a champion.
    `shown` is what such runs gained, `took` what runs cost, both oldest first.
    """

    champion: int
    rows: int
    since: tuple[int, ...] = ()
    paid: int = 0
    tried: int = 0
    shown: tuple[Renewal, ...] = ()
    took: tuple[Took, ...] = ()

    @property
    def age(self) -> int:
        """How many batches a new model would know that the champion does not."""
        return len(self.since)

    @property
    def per_batch(self) -> float:
        """Rows of a batch, on average."""
        return mean(self.since) if self.since else 0.0

    def learns_from(self, age: int) -> float:
        """How many rows a model made so many batches after the champion learns from, if the window goes on as it did.

        >>> Staleness(1, 1000, shown=(Renewal(2, 800, 1000, 0.1, 0.0),)).learns_from(5)
        1500.0
        """
        grown = (self.shown[-1].now - self.shown[-1].before) / self.shown[-1].age if self.shown else 0.0
        return max(self.rows + grown * age, 1.0)

    def run_costs(self, unit: str) -> float | None:
        """What a run costs, in seconds or in a currency; None if no run says so."""
        known = [cost for took in self.took if (cost := in_unit(took, unit)) is not None]
        return median(known[-LATELY:]) if known else None


def in_unit(took: Took, unit: str) -> float | None:
    """What a run took in seconds or in a currency; None if that is not known, as where nothing has a price.

    >>> in_unit(Took(60.0, 0.5, "EUR"), "seconds"), in_unit(Took(60.0, 0.5, "EUR"), "EUR")
    (60.0, 0.5)
    >>> in_unit(Took(60.0), "EUR")
    """
    if unit == SECONDS:
        return took.seconds or None
    return took.cost or None if took.currency == unit else None


def amount(value: float, unit: str) -> str:
    """A cost for people.

    >>> amount(1850.4, "EUR"), amount(12.345, "seconds"), amount(0.01234, "EUR")
    ('1,850 EUR', '12.3 s', '0.0123 EUR')
    """
    shown = f"{value:,.0f}" if abs(value) >= MUCH else f"{value:.3g}"
    return f"{shown} {'s' if unit == SECONDS else unit}"
