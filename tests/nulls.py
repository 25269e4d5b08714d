"""How often a simulation of an error rate draws: a few times in `make test`, 10,000 times in `make nulls`."""

import os


def draws(usual: int) -> int:
    """The number of draws: `usual`, or more if `EVERFIT_NULLS` says so."""
    return max(usual, int(os.environ.get("EVERFIT_NULLS", "0")))
