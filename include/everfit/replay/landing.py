"""The landing place as it was: what had not landed yet is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from everfit.ports import Clock, Landing
from everfit.values import FileHash, Seen


@dataclass(frozen=True)
class LandingSoFar:
    """A `Landing` that shows of `whole` the files that had landed by the clock; `landed` says when, by path."""

    whole: Landing
    clock: Clock
    landed: Mapping[str, datetime]

    def look(self, folder: str, each: str, only: str = "") -> list[Seen]:
        """The files of the deliveries that are there by now."""
        now = self.clock()
        return [
            one
            for one in self.whole.look(folder, each, only)
            if one.path in self.landed and self.landed[one.path] <= now
        ]

    def fetch(self, folder: str, files: Sequence[Seen], into: Path) -> tuple[FileHash, ...]:
        """Copy the files, hashing on the way."""
        return self.whole.fetch(folder, files, into)
