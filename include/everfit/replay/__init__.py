"""A year of batches played through the steps of production in minutes, under one policy of retraining after the other.

    timetable    when each delivery landed, by the times of its own rows
    policies     the model's spec with another part `retrain`
    world        one policy's own ledger, registry and target, on a clock that the events turn
    play         the events, and the steps that follow from each: those that the DAGs and the command line take
    reckoning    how it went: the loss of every row under the champion of its moment, and promotions in hindsight
    rehearsal    all of it for one policy, or what was worked out before

Nothing here decides: what is accepted, trained, promoted and rolled back is what `everfit.steps` say at that moment.
"""

from everfit.replay.outcome import Compared, Outcome, compare
from everfit.replay.policies import chosen
from everfit.replay.rehearsal import Rehearsal, Settings

__all__ = ["Compared", "Outcome", "Rehearsal", "Settings", "chosen", "compare"]
