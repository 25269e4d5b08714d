"""Fencing: how a ledger refuses an attempt that a newer one has replaced."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from everfit.errors import FencedOut
from everfit.ledger.entries import AttemptOpened

if TYPE_CHECKING:
    from everfit.ledger.view import View


def check_not_overtaken(view: View, work: str, attempt: str) -> None:
    """Raise `FencedOut` for an attempt `...#1` that comes to open its work after `...#2` has.

    Airflow numbers the tries of a task. One that was frozen before it opened its work would else wake up as the newest.
    """
    stem, _, number = attempt.rpartition("#")
    for entry in view.of(AttemptOpened):
        theirs, _, later = entry.body.attempt.rpartition("#")
        numbered = number.isdigit() and later.isdigit() and int(later) > int(number)
        if numbered and (entry.body.work, theirs) == (work, stem):
            raise FencedOut(
                f"attempt {attempt!r} of {work!r} comes too late: its retry {entry.body.attempt!r} took over in entry "
                f"{entry.seq}; it must stop here, the newer attempt goes on"
            )


@dataclass(frozen=True)
class Fence:
    """The right of one attempt to append for its work, good until another attempt opens the same work.

    `seq` is the entry that opened the attempt. Airflow runs a task at least once, so an old attempt may wake up after
    its retry has begun; Kleppmann calls this number a fencing token ("How to do distributed locking", 2016).
    """

    work: str
    attempt: str
    seq: int

    def check(self, view: View) -> None:
        """Raise `FencedOut` if another attempt has opened this work since."""
        for entry in takewhile(lambda entry: entry.seq > self.seq, reversed(view.of(AttemptOpened))):
            if entry.body.work == self.work and entry.body.attempt != self.attempt:
                raise FencedOut(
                    f"attempt {self.attempt!r} of {self.work!r} (opened by entry {self.seq}) was replaced by attempt "
                    f"{entry.body.attempt!r} in entry {entry.seq}; it must stop here, the newer attempt goes on"
                )
