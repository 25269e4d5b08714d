"""What triggers go by, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from everfit.signals import Signal
from everfit.triggers.staleness import Staleness
from everfit.values import Batch


@dataclass(frozen=True)
class Occasion:
    """A model at one moment, as somebody asks whether to train it.

    `fresh` are the batches of its window that no judged run has learnt from, each after the entry that accepted it, and
    `arrived` is when the first of these was accepted (None: there is none, or nobody knows). `changed` says in words
    what is not as the newest judged run had it: code, settings, libraries. `began` is when that run began; None while
    there is none. `harms` are the signals of harm that speak for retraining the champion, each after the entry of the
    look that found it. `staleness` is how stale the champion is by its batches and earlier runs; None while there is no
    champion.
    """

    now: datetime
    fresh: tuple[tuple[int, Batch], ...] = ()
    changed: tuple[str, ...] = ()
    began: datetime | None = None
    harms: tuple[tuple[int, Signal], ...] = ()
    arrived: datetime | None = None
    staleness: Staleness | None = None


@dataclass(frozen=True)
class Reason:
    """Whether a run is wanted, why (or why not), and the entries of the ledger that speak for it."""

    holds: bool
    words: str
    events: tuple[int, ...] = ()
