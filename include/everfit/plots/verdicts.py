"""The page that says what the gates found in a candidate: one HTML file that needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from everfit.values import Evaluation, Judgement, Outcome, Verdict

_TEMPLATE = Path(__file__).with_name("verdicts.html.j2")
_WIDTH = 100.0  # of the drawing, in percent


@dataclass(frozen=True)
class Drawing:
    """An interval against its bar, as places from 0 to 100 on a line; `good` is the stretch on the side that passes."""

    low: float
    effect: float
    high: float
    bar: float
    good: tuple[float, float] | None


def render(judgement: Judgement, evaluation: Evaluation, *, title: str, at: datetime) -> str:
    """The page of one judgement: the decision, each gate with its interval drawn against its bar, then the metrics.

    `at` is when the ledger recorded it (UTC); the same judgement gives the same page.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"short": _short}
    outcomes = [verdict.outcome for verdict in judgement.verdicts]
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        judgement=judgement,
        evaluation=evaluation,
        title=title or judgement.candidate.model,
        at=f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        gates=[(verdict, draw(verdict)) for verdict in judgement.verdicts],
        passed=outcomes.count(Outcome.PASSED),
        names=list(dict.fromkeys(name for metrics in evaluation.metrics.values() for name in metrics)),
    )


def draw(verdict: Verdict) -> Drawing | None:
    """Where an interval and its bar lie on a line that shows both whole; None for a verdict without an interval.

    >>> draw(Verdict("g", Outcome.PASSED, "", effect=0.7, low=0.6, high=0.8, bar=0.5, wanted="above"))
    Drawing(low=36.7, effect=63.3, high=90.0, bar=10.0, good=(10.0, 90.0))
    """
    effect, low, high, bar = verdict.effect, verdict.low, verdict.high, verdict.bar
    if effect is None or low is None or high is None or bar is None:
        return None
    left, right = min(low, bar), max(high, bar)
    width = (right - left) or abs(bar) or 1.0

    def place(value: float) -> float:
        return round(_WIDTH * (0.1 + 0.8 * (value - left) / width), 1)

    good = {"above": (place(bar), round(_WIDTH - place(bar), 1)), "below": (0.0, place(bar))}.get(verdict.wanted)
    return Drawing(place(low), place(effect), place(high), place(bar), good)


def _short(value: float) -> str:
    """Four digits; whole numbers for large ones; a minus that can be seen."""
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"  # noqa: PLR2004 - four digits
    return text.replace("-", "−")  # noqa: RUF001 - a minus
