"""Puts the report together: one HTML file that needs nothing else, in light and dark, on a screen and on paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.plots.card.page import Gate, environment
from everfit.plots.monitoring.bars import before_and_now
from everfit.plots.monitoring.causes import told
from everfit.plots.monitoring.course import Course, course, drawn, span, spark
from everfit.plots.monitoring.headline import headline, order
from everfit.plots.monitoring.waterfall import share, signed
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.plots.monitoring.look import Look
    from everfit.signals import Signal

_TEMPLATES = Path(__file__).with_name("templates")
SAYS = {"ok": "✓ no harm", "no": "✗ harmed", "hm": "? cannot tell"}
MOST_SKETCHES = 20
FEW = 6
"""So many parts that are harmed are shown at once; more are folded."""


def render(look: Look) -> str:
    """The report of one look. The same look gives the same page."""
    found = look.found
    signals = sorted(found.signals, key=order)
    courses = [course(signal, found.until, _earlier(look, signal.monitor)) for signal in signals]
    time = span(courses, found.since, found.until)
    rows = [_row(signal, one, look, time) for signal, one in zip(signals, courses, strict=True)]
    made: str = (
        _environment()
        .get_template("report.html.j2")
        .render(
            look=look,
            found=found,
            head=headline(look),
            at=f"{look.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
            harmed=[row for row in rows if row.gate.verdict.outcome is Outcome.FAILED],
            fine=[row for row in rows if row.gate.verdict.outcome is Outcome.PASSED],
            unknown=[row for row in rows if row.gate.verdict.outcome is Outcome.CANNOT_TELL],
            kinds={mark.kind for mark in look.marks if time[0] <= mark.at <= time[1]},
            sketches=look.sketches[:MOST_SKETCHES],
            loss=look.loss.replace("_", " "),
            causes=told(look.decay) if look.decay else None,
        )
    )
    return made


def _environment() -> Any:
    from markupsafe import Markup

    found = environment(_TEMPLATES)
    found.filters |= {"signed": signed, "share": share}
    found.globals |= {
        "before_and_now": lambda sketch: Markup(before_and_now(sketch)),  # noqa: S704 - our own, with every text escaped
        "marks": SAYS,
    }
    return found


@dataclass(frozen=True)
class Row:
    """One monitor as it is drawn: its interval and parts as a gate's, and over time, large and small ("": nothing to
    be drawn)."""

    gate: Gate
    blind_to: str
    over_time: str
    small: str

    @property
    def harmed(self) -> int:
        """How many of its parts are harmed."""
        return sum(part.outcome is Outcome.FAILED for part in self.gate.verdict.parts)

    @property
    def opened(self) -> bool:
        """Whether its parts are to be seen at once."""
        return 0 < self.harmed <= FEW


def _earlier(look: Look, monitor: str) -> list[tuple[datetime, Signal]]:
    return [(one.until, signal) for one in look.earlier for signal in one.signals if signal.monitor == monitor]


def _row(signal: Signal, over_time: Course, look: Look, time: tuple[datetime, datetime]) -> Row:
    from markupsafe import Markup

    large = drawn(over_time, time, look.found.since, look.marks) if over_time.drawn else ""
    small = spark(over_time, time) if len(over_time.dots) > 1 else ""
    gate = Gate.of(_verdict(signal))
    return Row(gate, signal.blind_to, Markup(large), Markup(small))  # noqa: S704 - our own, with every text escaped


def _verdict(one: Signal) -> Verdict:
    """A signal as a verdict: less than the bar is what is wanted."""
    numbers = (one.effect, one.low, one.high, one.bar, one.n, one.test, "below", one.p, one.level)
    return Verdict(one.monitor, one.outcome, one.reason, *numbers, parts=one.parts)
