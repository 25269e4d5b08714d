"""The trigger `worth_it`."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from everfit import refuse
from everfit.statistics.renewal import Gains, gains
from everfit.statistics.retraining import SURE, Owed, Worth
from everfit.triggers.occasion import Occasion, Reason
from everfit.triggers.staleness import SECONDS, Staleness, amount

FEWEST = 2
"""Of one run alone nobody knows whether the next would have gained as much."""

AT_WORST = NormalDist().inv_cdf(0.95)
STEEPEST = 4.0
"""One batch is not expected to cost more than a run divided by this: else one would train with every batch anyway."""

ROWS = 1000


@dataclass(frozen=True)
class Weighed:
    """What keeping the champion has cost, what a run is expected to save over the next `ahead` batches, and its cost.

    `gain` is how much less a new model is expected to lose on a row, with its standard error. `at_worst` is what
    keeping the champion may have cost, at 95 %. All costs are in the unit of the settings.
    """

    owed: Owed
    worth: Worth
    ahead: int
    gain: tuple[float, float]
    at_worst: float

    @property
    def holds(self) -> bool:
        """Whether to retrain now."""
        return self.owed.due and self.worth.net > 0

    @property
    def may_hold(self) -> bool:
        """Whether a run would be worth it if all were as bad as it may be, at 95 %."""
        return self.at_worst >= self.owed.cost and self.worth.net + AT_WORST * self.worth.error > 0


@dataclass(frozen=True)
class WorthIt:
    """Wants a run once keeping the champion has cost as much as a run costs: the rule of rent or buy.

    Settings: `loss_costs` is what it costs if the mean loss is higher by 1 on a thousand rows, in `unit`: `seconds` of
    computing (the default), or the currency of the price list. The loss is that by which the gates compare with the
    champion. `run_costs` is what a run costs in that unit; left out, it is learnt from earlier runs. `horizon` is for
    how many batches at most the next model will be used; left out, as many as it takes to need another.

    How fast models get stale, and what more rows bring, follows from earlier runs: each held a new model against a
    champion that was so many batches older. As long as too few did, it starts runs itself to find out, each with at
    least twice as many new batches as any before; so it does if nobody has looked that far, and it may have cost a run
    by then. With `explore: false` it waits until others have started runs.
    """

    loss_costs: float = 0.0
    unit: str = SECONDS
    run_costs: float | None = None
    horizon: int | None = None
    explore: bool = True

    def __post_init__(self) -> None:
        if not self.loss_costs:
            raise ValueError(
                "loss_costs: wanted what it costs if the mean loss is higher by 1 on 1,000 rows, such as 40: in "
                "seconds of computing, or in the currency that worth_it.unit names"
            )
        refuse.number("loss_costs", self.loss_costs, above=0)
        refuse.word("unit", self.unit)
        if self.run_costs is not None:
            refuse.number("run_costs", self.run_costs, above=0)
        if self.horizon is not None:
            refuse.whole("horizon", self.horizon, least=1)

    def fires(self, occasion: Occasion) -> Reason:
        """Whether a run would be worth what it costs.

        >>> from datetime import UTC, datetime
        >>> from everfit.statistics.renewal import Renewal
        >>> seen = Staleness(3, 9000, (1000,) * 10, shown=(Renewal(4, 9000, 9000, 4, 0), Renewal(9, 9000, 9000, 9, 0)))
        >>> now = Occasion(datetime(2013, 6, 1, tzinfo=UTC), staleness=seen)
        >>> print(WorthIt(1.0, "EUR", run_costs=50.0).fires(now).words)
        keeping version 3 for 10 batches has cost 45 EUR, and a run costs 50 EUR: a new model is expected to save \
100 EUR over the next 10 (99.8 EUR to 100 EUR), by 2 earlier runs
        """
        seen = occasion.staleness
        events = tuple(seq for seq, _ in occasion.fresh)
        if seen is None:
            words = "any model is worth more than none" if events else "no batch is new"
            return Reason(bool(events), f"there is no champion, and {words}", events)
        if seen.age <= seen.paid:
            return Reason(False, "no batch has come since the last run that could make it worth another one")
        cost = self.cost(seen)
        if cost is None:
            wanted = f"no judged run says what it cost in {self.unit}: wanted worth_it.run_costs, or a run that does"
            return Reason(False, f"{wanted}{'' if self.unit == SECONDS else ', by a price list in that currency'}")
        found = self.weighed(seen)
        if found is None:
            return self._finds_out(seen, self._too_few(seen), events)
        words = self._words(seen, found)
        if found.holds or found.owed.sure or not found.may_hold:
            return Reason(found.holds, words, events if found.holds else ())
        return self._finds_out(seen, f"{words}; it may be {self._price(found.at_worst)}", events)

    def cost(self, seen: Staleness) -> float | None:
        """What a run costs in the unit of the settings, None if nobody knows."""
        return self.run_costs if self.run_costs is not None else seen.run_costs(self.unit)

    def weighed(self, seen: Staleness) -> Weighed | None:
        """Weigh what has been lost and what can be gained against the cost; None with too little evidence."""
        cost = self.cost(seen)
        if cost is None or len(seen.shown) < FEWEST or not seen.per_batch:
            return None
        price, ahead = self.loss_costs / ROWS, min(seen.age, self.horizon or seen.age)
        known = gains(seen.shown, cost / (STEEPEST * price * seen.per_batch))
        if known is None:
            return None
        lost, at_worst = self._lost(seen, known)
        mean, error = known.at(seen.age, seen.learns_from(0), seen.learns_from(seen.age))
        coming = price * seen.per_batch
        owed = Owed(lost, coming * mean / 2, cost, sure=mean > SURE * error)
        return Weighed(owed, Worth(coming * mean * ahead, coming * error * ahead, cost), ahead, (mean, error), at_worst)

    def _lost(self, seen: Staleness, known: Gains) -> tuple[float, float]:
        """What the champion has cost since the last run against a model that was always new: expected, and at worst.

        The first batch after the champion's own is answered as well as any model could.
        """
        lost = at_worst = 0.0
        for age in range(seen.paid, seen.age):
            mean, error = known.at(age, seen.learns_from(0), seen.learns_from(age))
            lost += self.loss_costs / ROWS * seen.since[age] * mean
            at_worst += self.loss_costs / ROWS * seen.since[age] * (mean + AT_WORST * error)
        return lost, at_worst

    def _finds_out(self, seen: Staleness, words: str, events: tuple[int, ...]) -> Reason:
        wanted = max(2 * seen.tried, 1)
        if not self.explore:
            return Reason(False, f"{words}; it waits for runs that others start")
        if seen.age < wanted:
            return Reason(False, f"{words}; it finds out with {wanted} new batches, there are {seen.age}")
        return Reason(True, f"{words}: a run to find out, with {_batches(seen.age)}", events)

    def _too_few(self, seen: Staleness) -> str:
        shown = len(seen.shown)
        return (
            f"how fast version {seen.champion} gets stale is not known: {shown or 'no'} earlier "
            f"run{'' if shown == 1 else 's'} could be held against a champion, wanted {FEWEST}"
        )

    def _words(self, seen: Staleness, found: Weighed) -> str:
        runs = f"by {len(seen.shown)} earlier runs"
        kept = (
            f"keeping version {seen.champion} for {_batches(seen.age - seen.paid)} has cost "
            f"{self._price(found.owed.value)}, and a run costs {self._price(found.owed.cost)}"
        )
        if not found.owed.sure:
            return f"{kept}: {runs} it is not sure that it gets stale"
        saves, error = found.worth.saves, AT_WORST * found.worth.error
        return (
            f"{kept}: a new model is expected to save {self._price(saves)} over the next {found.ahead} "
            f"({self._price(max(saves - error, 0))} to {self._price(saves + error)}), {runs}"
        )

    def _price(self, value: float) -> str:
        return amount(value, self.unit)


def _batches(count: int) -> str:
    return f"{count} batch{'es' * (count != 1)}"
