"""The drawing of where a model version comes from: one SVG that needs nothing else, in light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.ledger.trace import Role

if TYPE_CHECKING:
    from datetime import datetime

    from everfit.ledger.trace import Period, Source, Trace

_TEMPLATE = Path(__file__).with_name("lineage.svg.j2")
_MARKS = {"passed": ("good", "✓"), "failed": ("bad", "✗"), "cannot tell": ("unsure", "?")}
_TONES = {Role.LEARNT: "good", Role.JUDGED: "unsure", Role.APART: "plain"}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ margin: 0; color-scheme: light dark; background: light-dark(#f4f5f7, #0f1419); }}
svg {{ display: block; width: 100%; height: auto; max-width: 1500px; margin: 0 auto; }}
</style>
{picture}
</html>
"""
MOST_CARDS, FIRST = 14, 3  # so many batches are drawn; of more, the first few and the newest
TOP, CARD, STEP, LINE = 92, 46, 54, 20
HEAD, BOTTOM = 46, 14  # of a card: above its first line, and below its last
MOST_PERIODS = 6


@dataclass(frozen=True)
class Card:
    """One batch in the drawing, or several that are drawn as one."""

    label: str
    role: str
    tone: str
    said: str
    trouble: str


@dataclass(frozen=True)
class Box:
    """One of the other cards: its place, its height, and lines of a quiet name and what it is."""

    y: int
    height: int
    lines: Sequence[tuple[str, str]]

    @property
    def middle(self) -> float:
        """Where lines reach it."""
        return self.y + self.height / 2


def draw(trace: Trace, facts: Mapping[str, str], answers: str = "") -> str:
    """The graph of a version as SVG: batches, snapshot, training run, gates, version, and when it served.

    `facts` are lines about the training run that the ledger does not have, `answers` says how much the version
    answered. The same arguments give the same text.
    """
    from jinja2 import Environment, StrictUndefined

    cards = _cards(trace.sources)
    run = {"because": f"{trace.why}, by {trace.by}", "started": _when(trace.asked), **facts}
    if trace.note:
        run["note"] = trace.note
    run_height, gates_height = _height(len(run)), _height(max(len(trace.verdicts), 1))
    tallest = max(len(cards) * STEP, run_height + gates_height + STEP, 240)
    middle = TOP + tallest // 2
    top = middle - (run_height + gates_height + STEP) // 2
    served = _served(trace.served)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["cut"] = _cut
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        trace=trace,
        answers=answers,
        height=TOP + tallest + 40,
        middle=middle,
        cards=[(middle - len(cards) * STEP // 2 + place * STEP, card) for place, card in enumerate(cards)],
        card_height=CARD,
        shares=_shares(trace.sources),
        run=Box(top, run_height, list(run.items())),
        gates=Box(top + run_height + STEP, gates_height, []),
        verdicts=[(*_MARKS[verdict.outcome.value], verdict.gate) for verdict in trace.verdicts],
        version=Box(middle - _height(len(served) + 2) // 2, _height(len(served) + 2), served),
        line=LINE,
    )


def as_page(picture: str, title: str) -> str:
    """The drawing as an HTML page of its own."""
    from markupsafe import escape

    return _PAGE.format(title=escape(title), picture=picture)


def _cards(sources: Sequence[Source]) -> list[Card]:
    """A card for each batch; of very many, those in the middle that nothing is wrong with become one."""
    if len(sources) <= MOST_CARDS:
        return [_card(source) for source in sources]
    newest = len(sources) - (MOST_CARDS - FIRST)
    kept = [i for i, s in enumerate(sources) if i < FIRST or i >= newest or s.recalled or s.role is not Role.LEARNT]
    hidden = [source for i, source in enumerate(sources) if i not in kept]
    rows = sum(source.rows for source in hidden)
    many = Card(f"{len(hidden)} more", str(Role.LEARNT), _TONES[Role.LEARNT], f"{rows:,} rows", "")
    return [_card(sources[i]) for i in kept[:FIRST]] + [many] + [_card(sources[i]) for i in kept[FIRST:]]


def _card(source: Source) -> Card:
    said = f"{source.rows:,} rows · {source.sha256[:12]}" + (f" · git {source.revision[:7]}" if source.revision else "")
    trouble = "recalled" if source.recalled else "corrected since" if source.corrected else ""
    tone = "bad" if source.recalled else _TONES.get(source.role or Role.APART, "plain")
    return Card(source.label, str(source.role or ""), tone, said, trouble)


def _shares(sources: Sequence[Source]) -> list[tuple[str, float, float]]:
    """Tone, start and width, in parts of one, of each role's rows in a bar."""
    whole = sum(source.rows for source in sources) or 1
    found, start = [], 0.0
    for role in (Role.LEARNT, Role.APART, Role.JUDGED):
        width = sum(source.rows for source in sources if source.role is role) / whole
        found.append((_TONES[role], round(start, 4), round(width, 4)))
        start += width
    return found


def _served(periods: Sequence[Period]) -> list[tuple[str, str]]:
    """When it served, newest last; of very many periods, the newest."""
    lines = [(_when(one.since), f"to {_when(one.until)}" if one.until else "to now") for one in periods]
    left_out = len(lines) - MOST_PERIODS
    return [(f"{left_out} more", "before"), *lines[-MOST_PERIODS:]] if left_out > 0 else lines


def _height(lines: int) -> int:
    return HEAD + lines * LINE + BOTTOM


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
