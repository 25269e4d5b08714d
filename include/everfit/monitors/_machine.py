"""What a model took of the machines that it lived on: of the server's memory and CPU, and for its trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    from everfit.values import ServerLoad, Took

GB = 1e9


def machine(loads: Sequence[ServerLoad], memory_at_most: float) -> list[Detail]:
    """The server's memory against its bar, and its CPU; nothing where the log does not say.

    What was read is so: no chance is in it, and it harms as soon as it was once beyond the bar.
    """
    if not loads:
        return []
    fullest = max(loads, key=lambda one: one.full)
    full, busiest = fullest.full, max(loads, key=lambda one: one.busy)
    words = (
        f"the server held {fullest.memory / GB:.2g} GB of memory, {100 * full:.3g} % of what it could have "
        f"(allowed {100 * memory_at_most:.3g} %)"
    )
    outcome = Outcome.FAILED if full > memory_at_most else Outcome.PASSED
    memory = Detail("memory", outcome, words, full, full, full, memory_at_most, len(loads))
    words = f"the server kept at most {busiest.busy:.2g} of {busiest.cores} cores busy"
    return [memory, Detail("cpu", Outcome.PASSED, words, busiest.busy, n=len(loads))]


def trainings(took: Sequence[Took]) -> list[Detail]:
    """What training took and cost meanwhile. No bar is for that: whether it is worth it is asked by `retrain.when`.

    >>> from everfit.values import Took
    >>> trainings([Took(90.0, 0.5, "EUR"), Took(30.0, 0.25, "EUR")])[0].reason
    '2 training runs took 2 minutes and cost 0.75 EUR'
    """
    if not took:
        return []
    seconds = sum(one.seconds for one in took)
    words = f"{len(took)} training run{'s' * (len(took) != 1)} took {seconds / 60:.3g} minutes"
    for currency in sorted({one.currency for one in took if one.cost is not None}):
        words += f" and cost {sum(one.cost or 0.0 for one in took if one.currency == currency):.3g} {currency}"
    return [Detail("cost", Outcome.PASSED, words, seconds, n=len(took))]
