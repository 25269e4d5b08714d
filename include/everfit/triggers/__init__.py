"""Triggers: why a training run starts.

A trigger is one file, whose name is its name in the spec: a frozen dataclass of settings with `fires(occasion) ->
Reason`, which says whether it wants a run now, and why, or why not yet. Wrong settings raise `ValueError`. What several
of them say together is in `Group`, when to leave a model in peace all the same in `Peace`.

All of it is pure: a trigger sees an `Occasion`, what the ledger and the model's folder say at one moment, and knows no
store and no clock. So the same file decides in Airflow, at the command line and in a replay of last year.
"""

from everfit.triggers._grouped import Group, Trigger, together
from everfit.triggers.occasion import Occasion, Reason
from everfit.triggers.peace import Budget, Peace, Quiet
from everfit.triggers.staleness import Staleness

__all__ = ["Budget", "Group", "Occasion", "Peace", "Quiet", "Reason", "Staleness", "Trigger", "together"]
