"""The shape that all texts of a column share, as a regular expression, if it says anything.

>>> shape = Shape()
>>> for text in ("EWR", "JFK", "LGA"):
...     shape.take(text)
>>> shape.regex(enough=3)
'^[A-Z]{3}$'
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby

ENOUGH = 20
"""From so many different texts on, a shape is believed to be one."""

_LONGEST = 40
_WIDEST = 3
_CLASSES = {"d": "0-9", "U": "A-Z", "l": "a-z"}


@dataclass
class Shape:
    """Lengths, kinds of characters, and the runs of them (`AB-12` is a run of capitals, `-`, a run of digits)."""

    texts: set[int] = field(default_factory=set)
    shortest: int = _LONGEST + 1
    longest: int = 0
    characters: set[str] = field(default_factory=set)
    runs: tuple[str, ...] | None = None
    lengths: list[tuple[int, int]] | None = None

    def take(self, text: str) -> None:
        """One more text; the same one twice is the same as once."""
        if len(self.texts) < ENOUGH:
            self.texts.add(hash(text))
        self.shortest, self.longest = min(self.shortest, len(text)), max(self.longest, len(text))
        if len(text) > _LONGEST:
            return
        found = [(kind, len(list(run))) for kind, run in groupby(map(_kind, text))]
        runs = tuple(kind for kind, _ in found)
        self.characters.update(runs)
        if self.runs is None:
            self.runs, self.lengths = runs, [(length, length) for _, length in found]
        elif self.runs != runs:
            self.lengths = None
        elif self.lengths is not None:
            spans = zip(self.lengths, found, strict=True)
            self.lengths = [(min(low, length), max(high, length)) for (low, high), (_, length) in spans]

    def merge(self, other: Shape) -> Shape:
        """The shape of the texts of both."""
        if not self.texts or not other.texts:
            return self if self.texts else other
        same = self.lengths is not None and other.lengths is not None and self.runs == other.runs
        lengths = (
            [(min(a, c), max(b, d)) for (a, b), (c, d) in zip(self.lengths or (), other.lengths or (), strict=True)]
            if same
            else None
        )
        return Shape(
            self.texts | other.texts,
            min(self.shortest, other.shortest),
            max(self.longest, other.longest),
            self.characters | other.characters,
            self.runs,
            lengths,
        )

    def regex(self, enough: int = ENOUGH) -> str | None:
        """A regular expression for all texts; None for too few texts, for long ones, and for prose.

        Runs in the same order give the exact form (`^[A-Z]{2}-[0-9]{1,4}$`). Otherwise it is the set of characters and
        the span of lengths, if these are of at most two of digits, capitals and small letters, with at most three marks
        and no space. A length that varies is widened by one at each end: the next batch may have one more digit.
        """
        if len(self.texts) < enough or self.longest > _LONGEST or self.shortest == 0:
            return None
        if self.runs and self.lengths:
            parts = [_part(run, *span) for run, span in zip(self.runs, self.lengths, strict=True)]
            return f"^{''.join(parts)}$" if any(run in _CLASSES for run in self.runs) else None
        classes = sorted(self.characters & _CLASSES.keys(), key="dUl".index)
        marks = sorted(self.characters - _CLASSES.keys())
        if not classes or len(classes) > 2 or len(marks) > _WIDEST or any(mark.isspace() for mark in marks):  # noqa: PLR2004
            return None
        inside = "".join(_CLASSES[one] for one in classes) + "".join(re.escape(mark) for mark in marks)
        return f"^[{inside}]{_times(self.shortest, self.longest)}$"


def _kind(character: str) -> str:
    if "0" <= character <= "9":
        return "d"
    if "A" <= character <= "Z":
        return "U"
    return "l" if "a" <= character <= "z" else character


def _part(run: str, low: int, high: int) -> str:
    if run in _CLASSES:
        return f"[{_CLASSES[run]}]{_times(low, high)}"
    return re.escape(run) + (_times(low, high) if (low, high) != (1, 1) else "")


def _times(low: int, high: int) -> str:
    if low == high:
        return f"{{{low}}}" if low > 1 else ""
    return f"{{{max(1, low - 1)},{high + 1}}}"
