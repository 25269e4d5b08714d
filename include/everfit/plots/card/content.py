"""All that a card shows."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.plots.card.panels import Grid, Panel
from everfit.plots.card.slices import Slices
from everfit.values import Evaluation, Judgement

if TYPE_CHECKING:
    from everfit.cost import Bill
    from everfit.rubric import Score
    from everfit.statistics.contributions import Effect


@dataclass(frozen=True)
class Found:
    """A search for parameters: what it says in a line, what it chose, and its picture (a PNG)."""

    words: str
    params: Mapping[str, object]
    picture: bytes

    @property
    def address(self) -> str:
        """The picture as an address that holds it whole."""
        return f"data:image/png;base64,{b64encode(self.picture).decode()}"


@dataclass(frozen=True)
class Batch:
    """One batch that the candidate knows: its label, what it was for, its rows, the SHA-256 of its content."""

    label: str
    role: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Explained:
    """What the features did to so many answers, largest first; `scale` says in what, `idle` why nothing is known."""

    effects: Sequence[Effect] = ()
    rows: int = 0
    scale: str = ""
    idle: str = ""


@dataclass(frozen=True, eq=False)
class Content:
    """A judgement and its evaluation, and whatever else is known.

    `at` is when the ledger recorded the judgement (UTC), `people` what people decided about it since, in sentences,
    and `answer` what that amounts to (`open`, `approved`, `rejected`, `lapsed`; "": nobody is asked).
    `facts` are lines about how the candidate was made. `parts` are slices of the holdout; `bill` says what the steps
    before took and cost, `found` how the parameters were found.
    """

    judgement: Judgement
    evaluation: Evaluation
    title: str
    at: datetime
    people: Sequence[str] = ()
    answer: str = ""
    curves: Sequence[Panel | Grid] = ()
    explained: Explained = Explained()
    parts: Slices | None = None
    batches: Sequence[Batch] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    bill: Bill | None = None
    found: Found | None = None
    score: Score | None = None
