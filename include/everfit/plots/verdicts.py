"""The page that says what the gates found in a candidate: one HTML file that needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from everfit.cost import Bill
from everfit.values import Evaluation, Judgement, Outcome, Verdict

_TEMPLATE = Path(__file__).with_name("verdicts.html.j2")
_WIDTH = 100.0  # of the drawing, in percent
MINUTE = 60


@dataclass(frozen=True)
class Drawing:
    """An interval against its bar, as places from 0 to 100 on a line; `good` is the stretch on the side that passes."""

    low: float
    effect: float
    high: float
    bar: float
    good: tuple[float, float] | None


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


def render(
    judgement: Judgement,
    evaluation: Evaluation,
    *,
    title: str,
    at: datetime,
    bill: Bill | None = None,
    found: Found | None = None,
    people: Sequence[str] = (),
) -> str:
    """The page of one judgement: the decision, each gate with its interval drawn against its bar, then the metrics.

    `at` is when the ledger recorded it (UTC), `bill` what the steps before it took and cost, `found` how its
    parameters were found, `people` what people have decided about it, in sentences. The same gives the same page.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"short": _short, "time": _time, "money": _money}
    outcomes = [verdict.outcome for verdict in judgement.verdicts]
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        judgement=judgement,
        evaluation=evaluation,
        title=title or judgement.candidate.model,
        at=f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        gates=[(verdict, draw(verdict)) for verdict in judgement.verdicts],
        passed=outcomes.count(Outcome.PASSED),
        bill=bill if bill and bill.steps else None,
        found=found,
        people=people,
        placement=judgement.candidate.placement,
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


def _time(seconds: float) -> str:
    """Seconds as people read them.

    >>> _time(3.14159), _time(75), _time(3700)
    ('3.1 s', '1 min 15 s', '1 h 01 min')
    """
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    hours = minutes // MINUTE
    return f"{hours} h {minutes % MINUTE:02} min" if hours else f"{minutes} min {rest:02} s"


def _money(cost: float | None) -> str:
    """An amount with four decimals where it is small, since a training run often costs less than a cent.

    >>> _money(0.00123), _money(12.5), _money(None)
    ('0.0012', '12.50', 'unknown')
    """
    if cost is None:
        return "unknown"
    return f"{cost:,.2f}" if cost >= 1 else f"{cost:.4f}"


def _short(value: float) -> str:
    """Four digits; whole numbers for large ones; a minus that can be seen."""
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"  # noqa: PLR2004 - four digits
    return text.replace("-", "−")  # noqa: RUF001 - a minus
