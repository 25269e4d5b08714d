"""Puts the card together: one HTML file that needs nothing else, in light and dark, on a screen and on paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.plots.card import swarm, words
from everfit.plots.card.decision import decision
from everfit.plots.card.drawing import drawing, tone
from everfit.plots.card.interval import Drawing, Scale, draw, worst_first
from everfit.plots.card.otherwise import otherwise
from everfit.plots.card.panels import Grid
from everfit.values import Detail, Outcome, Verdict

if TYPE_CHECKING:
    from everfit.plots.card.content import Content

_TEMPLATES = Path(__file__).with_name("templates")
STATES = {Outcome.PASSED: "ok", Outcome.FAILED: "no", Outcome.CANNOT_TELL: "hm"}
MARKS = {"ok": "✓ passed", "no": "✗ failed", "hm": "? cannot tell"}
MOST_PARTS = 40
WHO = ("candidate", "champion", "baseline")


def render(content: Content) -> str:
    """The card of one candidate. The same content gives the same page."""
    given = content.evaluation.metrics
    judgement, outcomes = content.judgement, [verdict.outcome for verdict in content.judgement.verdicts]
    template = environment().get_template("card.html.j2")
    made: str = template.render(
        content=content,
        judgement=judgement,
        evaluation=content.evaluation,
        candidate=judgement.candidate,
        decision=decision(judgement, content.answer),
        otherwise=otherwise(judgement),
        at=f"{content.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        gates=[Gate.of(verdict) for verdict in judgement.verdicts],
        passed=outcomes.count(Outcome.PASSED),
        metrics={who: given[who] for who in WHO if who in given},
        names=sorted({name for metrics in given.values() for name in metrics}),
        effects=swarm.drawn(content.explained.effects),
        placement=judgement.candidate.placement,
        bill=content.bill if content.bill and content.bill.steps else None,
    )
    return made


def environment(*folders: Path) -> Any:
    """What makes pages in the card's style: its templates and those of further folders, numbers as people read them."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    found = Environment(
        loader=FileSystemLoader([*folders, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {name: getattr(words, name) for name in ("short", "took", "money", "chance", "percent")}
    found.globals |= {
        "drawing": lambda panel: Markup(drawing(panel)),  # noqa: S704 - our own, with every text escaped
        "tone": tone,
        "is_grid": lambda panel: isinstance(panel, Grid),
        "marks": MARKS,
    }
    return found


@dataclass(frozen=True)
class Part:
    """A part of a verdict as it is drawn: all parts of one verdict lie on one scale."""

    detail: Detail
    state: str
    drawing: Drawing | None


@dataclass(frozen=True)
class Gate:
    """A verdict as it is drawn, with its parts worst first: so many of all did not pass, so many are not drawn."""

    verdict: Verdict
    state: str
    drawing: Drawing | None
    parts: tuple[Part, ...]
    missed: int
    more: int

    @classmethod
    def of(cls, verdict: Verdict) -> Gate:
        """The drawings of one verdict."""
        parts = worst_first(verdict.parts, verdict.wanted)
        drawn = [part for part in parts if draw(part, verdict.wanted)]
        scale = Scale.of(*drawn) if drawn else None
        return cls(
            verdict,
            STATES[verdict.outcome],
            draw(verdict, verdict.wanted),
            tuple(Part(one, STATES[one.outcome], draw(one, verdict.wanted, scale)) for one in parts[:MOST_PARTS]),
            sum(part.outcome is not Outcome.PASSED for part in parts),
            max(0, len(parts) - MOST_PARTS),
        )

    @property
    def small_print(self) -> list[str]:
        """What else the verdict says of its numbers."""
        one = self.verdict
        told = [f"{one.n:,} rows"] if one.n else []
        told += [f"p {words.chance(one.p)}"] if one.p is not None else []
        told += [f"each end of the interval at {words.percent(one.level)}"] if one.level is not None else []
        told += (
            [f"four times in five shows what lies {words.short(one.detectable)} from the bar"]
            if one.detectable is not None
            else []
        )
        return [*told, *([one.test] if one.test else [])]
