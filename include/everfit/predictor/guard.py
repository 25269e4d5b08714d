"""Looks at rows before a model does, and says what is odd and what is to be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from everfit.errors import DataError
from everfit.features import Inputs, Ranges
from everfit.predictor.card import Card
from everfit.predictor.checks import ABSENT, check_of
from everfit.predictor.confidence import confidence
from everfit.predictor.policy import Policy, read_policy, read_ranges
from everfit.predictor.refusals import why
from everfit.spec.answers import Action
from everfit.values import Answer, numbers

STRENGTH = {"flag": 0, "constant": 1, "previous": 2, "abstain": 3, "refuse": 4}
"""Of two findings, the stronger action counts."""


@dataclass(frozen=True)
class Oddity:
    """One thing that was found: what it is called, in which input ("" for the whole row), and the value there."""

    called: str
    name: str = ""
    value: Any = None

    @property
    def flag(self) -> str:
        """As callers read it.

        >>> Oddity("out_of_range", "hour", 99).flag
        'out_of_range:hour'
        """
        return f"{self.called}:{self.name}" if self.name else self.called


class Finding(NamedTuple):
    """A row as the model reads it (the caller's own where nothing had to be replaced, with a key for each input), what
    is odd about it, and what is to be done: "" and "flag" leave it to the model."""

    row: Mapping[str, Any]
    odd: tuple[Oddity, ...] = ()
    action: str = ""

    @property
    def flags(self) -> tuple[str, ...]:
        """What is odd, as callers read it."""
        return tuple(one.flag for one in self.odd)

    @property
    def asks(self) -> bool:
        """Whether the model is asked at all."""
        return self.action in {"", "flag"}


@dataclass(frozen=True)
class Guard:
    """What a model expects of its rows. Looking changes nothing in it: any number of threads may share one.

    Without `ranges` (a folder of before there were any) only keys and kinds are looked at.
    """

    task: str
    inputs: Inputs
    policy: Policy
    ranges: Ranges | None = None

    @classmethod
    def of(cls, folder: Path, card: Card | None = None) -> Guard:
        """The guard of a model folder. Errors: `Corrupted` for files that are not what training writes."""
        card = card or Card.read(folder)
        return cls(card.task, card.inputs, read_policy(folder), read_ranges(folder))

    @cached_property
    def unrefusing(self) -> Guard:
        """The same for rows that nobody sends: whatever would refuse a request leaves the row without an answer."""
        of = self.policy.actions.items()
        actions: dict[str, Action] = {called: "abstain" if action == "refuse" else action for called, action in of}
        return replace(self, policy=replace(self.policy, actions=actions))

    @property
    def has_bar(self) -> bool:
        """Whether an answer can be too unsure."""
        return self.policy.confidence is not None or self.policy.width is not None

    def look(self, row: Mapping[str, Any]) -> Finding:
        """What is odd about a row of JSON values: a few microseconds for one in which nothing is."""
        read: dict[str, Any] = {}
        odd: list[Oddity] = []
        unusual = missing = 0
        for name, low, high, texts, gaps, other in self._checks:
            value = row.get(name, ABSENT)
            kind = type(value)
            if ((kind is float or kind is int) and low <= value <= high) or (kind is str and value in texts):
                continue
            if value is None and gaps:
                missing += 1
                continue
            found = other(value)
            missing += found.value is None
            unusual += found.unusual
            if found.value is not value:
                read[name] = found.value
            if found.called:
                odd.append(Oddity(found.called, name, value))
        if self.ranges is not None and unusual > self.ranges.usual_inputs:
            odd.append(Oddity("out_of_distribution", value=unusual))
        if self.ranges is not None and missing == len(self._checks):
            odd.insert(0, Oddity("empty"))
        whole = {**row, **read} if read else row
        return Finding(whole, tuple(odd), self._strongest(odd)) if odd else Finding(whole)

    @property
    def doubts(self) -> bool:
        """Whether an answer of the model may turn out not to be sure enough."""
        return self.policy.confidence is not None or self.policy.width is not None

    def doubt(self, answer: Answer) -> Oddity | None:
        """The model's low confidence in its own answer, if the spec has a bar for it."""
        if self.policy.confidence is not None:
            sure = confidence(self.task, answer)
            return Oddity("low_confidence", value=sure) if sure is not None and sure < self.policy.confidence else None
        if self.policy.width is not None:
            low, *_, high = numbers(answer)
            return Oddity("low_confidence", value=high - low) if high - low > self.policy.width else None
        return None

    def with_doubt(self, finding: Finding, answer: Answer) -> Finding:
        """What was found before, and after the model has answered."""
        doubt = self.doubt(answer)
        if doubt is None:
            return finding
        odd = (*finding.odd, doubt)
        return Finding(finding.row, odd, self._strongest(odd))

    def refuse(self, place: int, row: Mapping[str, Any], finding: Finding) -> DataError:
        """Why the row in this place refuses the request."""
        refused = next(one for one in finding.odd if self.policy.actions[one.called] == "refuse")
        return DataError(why(refused.called, refused.name, refused.value, place, row, self.inputs, self.ranges))

    @cached_property
    def _checks(self) -> tuple[tuple[str, float, float, Any, bool, Any], ...]:
        ranges = self.ranges.inputs if self.ranges else [None] * len(self.inputs.inputs)
        checks = [check_of(column, found) for column, found in zip(self.inputs.inputs, ranges, strict=True)]
        return tuple((one.name, one.low, one.high, one.texts, one.gaps, one.other) for one in checks)

    def _strongest(self, odd: Sequence[Oddity]) -> str:
        return max((self.policy.actions[one.called] for one in odd), key=STRENGTH.__getitem__)
