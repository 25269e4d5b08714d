"""All that a monitoring report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from everfit.ledger.entries import Monitored
    from everfit.statistics.decay.cause import Decay


@dataclass(frozen=True)
class Mark:
    """Something that happened to the model, for the axes of time: `words` say what ("version 7 became champion")."""

    at: datetime
    kind: Literal["champion", "retrain"]
    words: str


@dataclass(frozen=True)
class Span:
    """Rows from `since` to before `until`."""

    since: datetime
    until: datetime
    rows: int


@dataclass(frozen=True)
class Sketch:
    """One feature before and now: the share of rows in each of its `cells` (ranges or names, in their order).

    `words` say how far it moved and whether that matters.
    """

    name: str
    cells: tuple[str, ...]
    before: tuple[float, ...]
    now: tuple[float, ...]
    words: str = ""


@dataclass(frozen=True, eq=False)
class Look:
    """One look at a model, and what is known beside it.

    `found` is what goes into the ledger, but its signals have their courses here. `earlier` are the looks before,
    oldest first; `at` is when this one was (UTC), `serving` since when the version has been champion. `reference` are
    the rows that it is held against, `loss` what its spec calls its loss. `sketches` are features that drifted, the
    worst first. `links` have a word and an address each.
    """

    model: str
    title: str
    at: datetime
    found: Monitored
    serving: datetime
    reference: Span
    loss: str
    decay: Decay | None = None
    earlier: Sequence[Monitored] = ()
    marks: Sequence[Mark] = ()
    sketches: Sequence[Sketch] = ()
    links: Mapping[str, str] = field(default_factory=dict)
