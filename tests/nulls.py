"""How often a simulation of an error rate draws: a few times in `make test`, 10,000 times in `make nulls`."""

import os

import numpy as np

LEVEL = 0.05
MANY = int(os.environ.get("EVERFIT_NULLS", "0"))


def draws(usual: int) -> int:
    """The number of draws: `usual`, or more if `EVERFIT_NULLS` says so."""
    return max(usual, MANY)


def allowed(runs: int) -> float:
    """The highest share of wrong verdicts that one in twenty still explains: two standard errors above it.

    With many draws it is three: some forty rates are looked at then, and of so many one or two lie beyond by chance.
    """
    return LEVEL + (3 if MANY else 2) * float(np.sqrt(LEVEL * (1 - LEVEL) / runs))
