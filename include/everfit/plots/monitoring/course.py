"""How one monitor went over time, as SVG: its course with band and bar, and what each look said below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.plots.card.axis import Axis, short
from everfit.plots.card.page import STATES
from everfit.plots.card.panels import POINTS
from everfit.plots.monitoring.timeline import Timeline, moment
from everfit.values import Outcome

if TYPE_CHECKING:
    from everfit.plots.monitoring.look import Mark
    from everfit.signals import Signal

WIDTH, HEIGHT = 400, 164
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 16, 46
LANE = HEIGHT - 34
SPARK_WIDTH, SPARK_HEIGHT = 160, 34
DOTS = 45
"""A course of more points is a line without dots."""

SAID = {Outcome.PASSED: "no harm", Outcome.FAILED: "harm", Outcome.CANNOT_TELL: "cannot tell"}


@dataclass(frozen=True)
class Dot:
    """One point of a course as it is drawn."""

    at: datetime
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Seen:
    """What one look said: when, and with which outcome."""

    at: datetime
    outcome: Outcome


@dataclass(frozen=True, eq=False)
class Course:
    """One monitor over time: `dots` of its course, or, where it has none, of its effect in each look. `bar` is None
    where the course is of another unit than it is (the loss itself, and not its rise)."""

    monitor: str
    outcome: Outcome
    dots: tuple[Dot, ...]
    bar: float | None
    looks: tuple[Seen, ...]

    @property
    def drawn(self) -> bool:
        """Whether there is anything to be drawn: two points make a line."""
        return len(self.dots) > 1 or len(self.looks) > 1

    @property
    def words(self) -> str:
        """What it shows, for those who do not see it."""
        if not self.dots:
            return f"{self.monitor}: {self._looks}"
        first, last = self.dots[0], self.dots[-1]
        span = f"from {short(first.value)} on {first.at:%Y-%m-%d} to {short(last.value)} on {last.at:%Y-%m-%d}"
        beyond = sum(dot.value > self.bar for dot in self.dots) if self.bar is not None else 0
        bar = "" if self.bar is None else f", {beyond} of {len(self.dots)} points beyond the bar {short(self.bar)}"
        return f"{self.monitor} {span}{bar}; {self._looks}"

    @property
    def _looks(self) -> str:
        harm = sum(look.outcome is Outcome.FAILED for look in self.looks)
        return f"{harm} of {len(self.looks)} looks found harm"


def course(signal: Signal, until: datetime, earlier: Sequence[tuple[datetime, Signal]]) -> Course:
    """The course of one signal; `earlier` are what the same monitor said in looks before, and when, oldest first."""
    looks = [*earlier, (until, signal)]
    dots = [
        Dot(moment(one.since) + (moment(one.until) - moment(one.since)) / 2, one.value, one.low, one.high)
        for one in signal.course
    ]
    bar = signal.bar if not dots or _alike(signal, dots) else None
    if not dots:
        dots = [Dot(at, one.effect, one.low, one.high) for at, one in looks if one.effect is not None]
    seen = tuple(Seen(at, one.outcome) for at, one in looks)
    return Course(signal.monitor, signal.outcome, tuple(_thinned(dots)), bar, seen)


def _alike(signal: Signal, dots: Sequence[Dot]) -> bool:
    """Whether the course is of what was measured: the effect of a window lies among its days, or near them."""
    if signal.effect is None:
        return True
    ends = [value for dot in dots for value in (dot.value, dot.low, dot.high) if value is not None]
    room = max(ends) - min(ends)
    return min(ends) - room <= signal.effect <= max(ends) + room


def _thinned(dots: list[Dot]) -> list[Dot]:
    step = len(dots) // POINTS + 1
    return dots[::-1][::step][::-1]  # the newest stays


def drawn(course: Course, time: tuple[datetime, datetime], window: datetime, marks: Sequence[Mark]) -> str:
    """The whole drawing: `time` is from when to when (all courses of a page share it), `window` when the newest window
    began."""
    axis = Timeline(*time, LEFT, WIDTH - RIGHT)
    y = _axis(course, HEIGHT - BOTTOM, TOP)
    parts = [*_grid(axis, y), *_window(axis, window), *_bar(course, y), *_marks(axis, marks)]
    parts += [*_band(course.dots, axis, y), *_line(course.dots, axis, y), *_newest(course, axis, y)]
    parts += [_glyph(axis.at(look.at), LANE, look) for look in course.looks if axis.shows(look.at)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="plot course {STATES[course.outcome]}" role="img">'
        f"<title>{_text(course.monitor)} over time</title><desc>{_text(course.words)}</desc>{''.join(parts)}</svg>"
    )


def spark(course: Course, time: tuple[datetime, datetime]) -> str:
    """The same as one small line with its bar, without words."""
    axis, y = Timeline(*time, 4, SPARK_WIDTH - 6), _axis(course, SPARK_HEIGHT - 5, 5)
    parts = [*_line(course.dots, axis, y, dots_too=False)]
    if course.bar is not None:
        parts.insert(
            0, f'<line class="limit-of" x1="0" x2="{SPARK_WIDTH}" y1="{y.at(course.bar)}" y2="{y.at(course.bar)}"/>'
        )
    if course.dots:
        last = course.dots[-1]
        parts.append(f'<circle class="point last" cx="{axis.at(last.at)}" cy="{y.at(last.value)}" r="3"/>')
    return (
        f'<svg viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" class="plot spark {STATES[course.outcome]}" role="img">'
        f"<title>{_text(course.monitor)} over time</title><desc>{_text(course.words)}</desc>{''.join(parts)}</svg>"
    )


def _axis(course: Course, begin: float, end: float) -> Axis:
    values = [value for dot in course.dots for value in (dot.value, dot.low, dot.high) if value is not None]
    return Axis.over([*values, *([course.bar] if course.bar is not None else [])], begin, end)


def _grid(time: Timeline, y: Axis) -> Iterator[str]:
    for at, word in y.ticks[:: 2 if len(y.ticks) > 5 else 1]:  # noqa: PLR2004 - there is room for five
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>'
        yield f'<text x="{LEFT - 7}" y="{at + 4}" text-anchor="end">{word}</text>'
    ticks = time.ticks
    for place, (at, word) in enumerate(ticks):
        if place and at - ticks[place - 1][0] < 50:  # noqa: PLR2004 - words would touch
            continue
        anchor = "end" if at > WIDTH - RIGHT - 24 else "middle"
        yield f'<line class="grid" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{at}" y="{HEIGHT - 8}" text-anchor="{anchor}">{word}</text>'


def _window(time: Timeline, window: datetime) -> Iterator[str]:
    left = time.at(window)
    size = f'width="{WIDTH - RIGHT - left:.1f}" height="{HEIGHT - BOTTOM - TOP}"'
    yield f'<rect class="newest" x="{left}" y="{TOP}" {size}/>'


def _bar(course: Course, y: Axis) -> Iterator[str]:
    if course.bar is None:
        return
    at = y.at(course.bar)
    yield f'<rect class="harm" x="{LEFT}" y="{TOP}" width="{WIDTH - RIGHT - LEFT}" height="{at - TOP:.1f}"/>'
    yield f'<line class="limit-of" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>'
    height = at - 4 if at > TOP + 12 else at + 13
    yield f'<text class="strong" x="{LEFT + 4}" y="{height}">bar {short(course.bar)}</text>'


def _marks(time: Timeline, marks: Sequence[Mark]) -> Iterator[str]:
    for mark in marks:
        if time.shows(mark.at):
            at = time.at(mark.at)
            said = f"<title>{_text(mark.words)}, {mark.at:%Y-%m-%d}</title>"
            yield f'<g class="mark {mark.kind}">{said}<line x1="{at}" x2="{at}" y1="{TOP - 4}" y2="{HEIGHT - BOTTOM}"/>'
            if mark.kind == "champion":
                yield f'<path d="M{at - 5} {TOP - 12}h10l-5 8z"/></g>'
            else:
                yield f'<path d="M{at} {TOP - 12}l4.5 4.5l-4.5 4.5l-4.5 -4.5z"/></g>'


def _band(dots: Sequence[Dot], time: Timeline, y: Axis) -> Iterator[str]:
    """The intervals of neighbouring points as one band; a point without one is a gap."""
    run: list[tuple[float, float, float]] = []
    for dot in [*dots, None]:
        if dot is not None and dot.low is not None and dot.high is not None:
            run.append((time.at(dot.at), y.at(dot.low), y.at(dot.high)))
            continue
        if len(run) == 1:
            yield f'<line class="whisker" x1="{run[0][0]}" x2="{run[0][0]}" y1="{run[0][1]}" y2="{run[0][2]}"/>'
        elif run:
            edge = [(x, low) for x, low, _ in run] + [(x, high) for x, _, high in reversed(run)]
            yield f'<path class="band" d="M{" ".join(f"{a} {b}" for a, b in edge)}Z"/>'
        run = []


def _line(dots: Sequence[Dot], time: Timeline, y: Axis, *, dots_too: bool = True) -> Iterator[str]:
    places = [(time.at(dot.at), y.at(dot.value)) for dot in dots]
    if len(places) > 1:
        yield f'<path class="line" d="M{" ".join(f"{a} {b}" for a, b in places)}"/>'
    if dots_too and len(places) <= DOTS:
        for a, b in places[:-1]:
            yield f'<circle class="point" cx="{a}" cy="{b}" r="2.2"/>'


def _newest(course: Course, time: Timeline, y: Axis) -> Iterator[str]:
    if not course.dots:
        return
    last = course.dots[-1]
    at, up = time.at(last.at), y.at(last.value)
    yield f'<circle class="point last" cx="{at}" cy="{up}" r="4"/>'
    above, told = up > TOP + 16, short(float(f"{last.value:.3g}"))
    height = up - 9 if above else up + 18
    yield f'<text class="strong" x="{at}" y="{height}" text-anchor="end">{told}</text>'


def _glyph(at: float, up: float, look: Seen) -> str:
    """Harm is a cross, no harm a dot, too little known a ring: to be told apart without colours."""
    said = f"<title>{look.at:%Y-%m-%d}: {SAID[look.outcome]}</title>"
    state = STATES[look.outcome]
    if look.outcome is Outcome.FAILED:
        return f'<g class="look {state}">{said}<path d="M{at - 3.5} {up - 3.5}l7 7m0 -7l-7 7"/></g>'
    return f'<g class="look {state}">{said}<circle cx="{at}" cy="{up}" r="3"/></g>'


def span(courses: Sequence[Course], since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """From when to when the axis of time goes on which all courses lie whole."""
    known = [one.at for course in courses for one in (*course.dots, *course.looks)]
    return min([since, *known]), max([until, *known])


def _text(words: str) -> str:
    from markupsafe import escape

    return str(escape(words))
