"""How one monitor went over time, as SVG: its course with band and bar, and what each look said below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from everfit.plots.card.axis import Axis, short
from everfit.plots.card.page import STATES
from everfit.plots.card.panels import POINTS
from everfit.plots.monitoring.timeline import Timeline, moment
from everfit.values import Outcome

if TYPE_CHECKING:
    from everfit.plots.monitoring.look import Mark
    from everfit.signals import Point, Signal

WIDTH, HEIGHT = 400, 164
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 16, 46
LANE = HEIGHT - 34
SPARK_WIDTH, SPARK_HEIGHT = 160, 34
GAP = 4
"""Points that are so many times as far apart as usual are not joined by a line."""

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
    n: int = 0


@dataclass(frozen=True)
class Seen:
    """What one look said: when, and with which outcome."""

    at: datetime
    outcome: Outcome


@dataclass(frozen=True, eq=False)
class Course:
    """One monitor over time: `dots` of its course, or, where it has none, of its effect in each look.

    `usual` is where it was on the rows that the version was judged on, where the course has them. `bar` is None where
    the course is of another unit than it is: of the distance of one feature, say, and not of the harm.
    """

    monitor: str
    outcome: Outcome
    dots: tuple[Dot, ...]
    bar: float | None
    usual: float | None
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


def course(signal: Signal, since: datetime, until: datetime, earlier: Sequence[tuple[datetime, Signal]]) -> Course:
    """The course of one signal, whose window is from `since` to `until`; `earlier` are what the same monitor said in
    looks before, and when, oldest first."""
    looks = [*earlier, (until, signal)]
    dots = [_dot(point) for point in signal.course]
    usual, bar = _usual(dots, since), signal.bar
    if dots:
        bar = _bar(signal, usual, _mean([dot for dot in dots if dot.at >= since]))
    else:
        dots = [Dot(at, one.effect, one.low, one.high) for at, one in looks if one.effect is not None]
    seen = tuple(Seen(at, one.outcome) for at, one in looks)
    return Course(signal.monitor, signal.outcome, tuple(_thinned(dots)), bar, usual, seen)


def _dot(point: Point) -> Dot:
    since, until = moment(point.since), moment(point.until)
    return Dot(since + (until - since) / 2, point.value, point.low, point.high, point.n)


def _usual(dots: Sequence[Dot], since: datetime) -> float | None:
    before = [dot for dot in dots if dot.at < since]
    return _mean(before) if len(before) > 1 else None


def _mean(dots: Sequence[Dot]) -> float | None:
    rows = sum(dot.n or 1 for dot in dots)
    return sum((dot.n or 1) * dot.value for dot in dots) / rows if rows else None


def _bar(signal: Signal, usual: float | None, now: float | None) -> float | None:
    """Where the bar is on a course that has what was usual: if the effect is by which share the window is above that,
    as the course itself shows, the bar is so much above it."""
    if not usual or now is None or signal.bar is None or signal.low is None or signal.high is None:
        return None
    return usual * (1 + signal.bar) if signal.low <= now / usual - 1 <= signal.high else None


def _thinned(dots: list[Dot]) -> list[Dot]:
    step = len(dots) // POINTS + 1
    return dots[::-1][::step][::-1]  # the newest stays


def drawn(course: Course, time: tuple[datetime, datetime], window: datetime, marks: Sequence[Mark]) -> str:
    """The whole drawing: `time` is from when to when (all courses of a page share it), `window` when the newest window
    began."""
    axis = Timeline(*time, LEFT, WIDTH - RIGHT)
    y = _axis(course, HEIGHT - BOTTOM, TOP)
    parts = [*_grid(axis, y), *_window(axis, window), *_limits(course, y), *_marks(axis, marks)]
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
    return Axis.over([*values, *(one for one in (course.bar, course.usual) if one is not None)], begin, end)


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


def _limits(course: Course, y: Axis) -> Iterator[str]:
    if course.usual is not None:
        up = y.at(course.usual)
        yield f'<line class="usual" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up}" y2="{up}"/>'
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
    """The intervals of neighbouring points as one band; where there is none, it has a gap."""
    for run in _runs([dot for dot in dots if dot.low is not None and dot.high is not None]):
        ends = [(time.at(dot.at), y.at(dot.low or 0.0), y.at(dot.high or 0.0)) for dot in run]
        if len(ends) == 1:
            yield f'<line class="whisker" x1="{ends[0][0]}" x2="{ends[0][0]}" y1="{ends[0][1]}" y2="{ends[0][2]}"/>'
            continue
        edge = [(x, low) for x, low, _ in ends] + [(x, high) for x, _, high in reversed(ends)]
        yield f'<path class="band" d="M{" ".join(f"{a} {b}" for a, b in edge)}Z"/>'


def _line(dots: Sequence[Dot], time: Timeline, y: Axis, *, dots_too: bool = True) -> Iterator[str]:
    for run in _runs(dots):
        places = [f"{time.at(dot.at)} {y.at(dot.value)}" for dot in run]
        if len(places) > 1:
            yield f'<path class="line" d="M{" ".join(places)}"/>'
    if dots_too and len(dots) <= DOTS:
        for dot in dots[:-1]:
            yield f'<circle class="point" cx="{time.at(dot.at)}" cy="{y.at(dot.value)}" r="2.2"/>'


def _runs(dots: Sequence[Dot]) -> list[list[Dot]]:
    """Points that follow each other at the usual pace: between the rows that a version was judged on and those of now
    there may be months."""
    gaps = sorted(b.at - a.at for a, b in pairwise(dots))
    runs: list[list[Dot]] = []
    for place, dot in enumerate(dots):
        if not place or dot.at - dots[place - 1].at > GAP * gaps[len(gaps) // 2]:
            runs.append([])
        runs[-1].append(dot)
    return runs


def _newest(course: Course, time: Timeline, y: Axis) -> Iterator[str]:
    if not course.dots:
        return
    last = course.dots[-1]
    at, up = time.at(last.at), y.at(last.value)
    yield f'<circle class="point last" cx="{at}" cy="{up}" r="4"/>'
    above, told = up > TOP + 4, short(float(f"{last.value:.3g}"))
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
    known = [dot.at for course in courses for dot in course.dots]
    known += [look.at for course in courses for look in course.looks]
    return min([since, *known]), max([until, *known])


def _text(words: str) -> str:
    from markupsafe import escape

    return str(escape(words))
