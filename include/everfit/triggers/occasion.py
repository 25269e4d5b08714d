"""What triggers go by, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from everfit.signals import Signal
from everfit.values import Batch


@dataclass(frozen=True)
class Occasion:
    """A model at one moment, as somebody asks whether to train it.

    `fresh` are the batches of its window that no judged run has learnt from, each after the entry that accepted it.
    `changed` says in words what is not as the newest judged run had it: code, settings, libraries. `began` is when that
    run began; None while there is none. `harms` are the signals of harm in the newest look at the champion, each after
    the entry of that look, unless a judged run has used it or retraining is not what it asks for.
    """

    now: datetime
    fresh: tuple[tuple[int, Batch], ...] = ()
    changed: tuple[str, ...] = ()
    began: datetime | None = None
    harms: tuple[tuple[int, Signal], ...] = ()


@dataclass(frozen=True)
class Reason:
    """Whether a run is wanted, why (or why not), and the entries of the ledger that speak for it."""

    holds: bool
    words: str
    events: tuple[int, ...] = ()
