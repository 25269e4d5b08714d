"""The newest look at the version that serves: whether it is harmed, since when, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.plots.monitoring.headline import Headline


@dataclass(frozen=True)
class Watched:
    """What the look says, when it was, and where its report is."""

    head: Headline
    at: str
    entry: int
    report: str


def watched(view: View, model: str) -> Watched | None:
    """The newest look at the champion, or None: nobody has looked at this version yet."""
    from everfit.ledger.entries import Monitored
    from everfit.plots.monitoring.headline import headline

    looks = view.of(Monitored)
    if not looks or looks[-1].body.version != view.champion:
        return None
    newest = looks[-1]
    head = headline(model, newest.body, [look.body for look in looks[:-1]])
    return Watched(head, f"{newest.at:%Y-%m-%d %H:%M}", newest.seq, newest.body.report)
