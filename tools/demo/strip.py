"""Things as a line of text: a verdict's interval, drawn against its bar, and shares as they go."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text

from everfit.values import Detail, Verdict

WIDTH = 26
HEIGHTS = "·▁▂▃▄▅▆▇█"


def drawn(verdict: Verdict | Detail, tone: str) -> Text:
    """The interval `──●──` with the bar `│`, each strip in its own scale; nothing where there is no interval or bar.

    >>> from everfit.values import Outcome
    >>> drawn(Verdict("above_bar", Outcome.PASSED, "", 0.75, 0.7, None, 0.6), "green").plain
    ' │          ├─────●─────╌ '
    """
    ends = [end for end in (verdict.low, verdict.high) if end is not None]
    if verdict.effect is None or verdict.bar is None or not ends:
        return Text("")
    reach = max(abs(end - verdict.effect) for end in ends)
    low = verdict.effect - reach if verdict.low is None else verdict.low
    high = verdict.effect + reach if verdict.high is None else verdict.high
    least, most = min(low, verdict.bar), max(high, verdict.bar)
    step = (WIDTH - 3) / ((most - least) or 1.0)

    def at(value: float) -> int:
        return 1 + round((value - least) * step)

    cells = [" "] * WIDTH
    cells[at(low) : at(high) + 1] = "─" * (at(high) + 1 - at(low))
    cells[at(low)] = "╌" if verdict.low is None else "├"
    cells[at(high)] = "╌" if verdict.high is None else "┤"
    cells[at(verdict.effect)] = "●"
    text = Text("".join(cells), tone)
    text.plain = text.plain[: at(verdict.bar)] + "│" + text.plain[at(verdict.bar) + 1 :]
    text.stylize("bold default", at(verdict.bar), at(verdict.bar) + 1)
    return text


def skyline(shares: Sequence[float]) -> str:
    """Shares, one after the other, as heights of a line; the highest is full, and none is so low as to look like none.

    >>> skyline([0, 0.01, 0.1, 0.2, 0])
    '·▁▄█·'
    """
    most = max(shares, default=0) or 1
    return "".join(HEIGHTS[math.ceil(share / most * (len(HEIGHTS) - 1))] for share in shares)
