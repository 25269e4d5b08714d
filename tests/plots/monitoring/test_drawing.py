"""What the report draws: axes of time, courses, sketches and the waterfall, for any numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.plots.monitoring.bars import before_and_now
from everfit.plots.monitoring.course import HEIGHT, WIDTH, course, drawn, span, spark
from everfit.plots.monitoring.headline import headline
from everfit.plots.monitoring.sketches import sketch
from everfit.plots.monitoring.timeline import Timeline
from everfit.plots.monitoring.waterfall import waterfall
from everfit.signals import Point, Signal
from everfit.statistics.decay.columns import Column
from tests.plots.monitoring.looks import (
    CALM,
    DAY,
    HARMED,
    HM,
    MARKS,
    NO,
    NOW,
    OK,
    UNKNOWN,
    decay,
    earlier,
    monitored,
    quality,
)

SINCE = NOW - 28 * DAY
some_numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 6))
widths = some_numbers.map(abs)


@given(st.integers(0, 20_000), st.floats(0.0, 9000.0))
def test_an_axis_of_time_has_a_few_dates_in_order(first: int, days: float) -> None:
    begin = datetime(1990, 1, 1, 17, tzinfo=UTC) + first * DAY
    axis = Timeline(begin, begin + timedelta(days=days), 50.0, 400.0)
    places = [at for at, _ in axis.ticks]
    assert len(places) <= 8
    assert places == sorted(places)
    assert all(50 <= at <= 400 for at in places)
    assert len(places) >= 2 or days < 2 or days > 365 * 8


@given(st.lists(st.tuples(some_numbers, widths, st.booleans()), max_size=30), st.sampled_from([OK, NO, HM]))
def test_any_course_is_drawn_inside(values: list[tuple[float, float, bool]], outcome: object) -> None:
    points = tuple(
        Point(f"{SINCE + k * DAY:%Y-%m-%d}", f"{SINCE + (k + 1) * DAY:%Y-%m-%d}", v, *((v - w, v + w) if known else ()))
        for k, (v, w, known) in enumerate(values)
    )
    made = course(Signal("m", outcome, "", 0.1, 0.0, 0.2, 0.05, course=points), SINCE, NOW, [])
    time = span([made], SINCE, NOW)
    for svg in (drawn(made, time, SINCE, MARKS), spark(made, time)):
        root = ElementTree.fromstring(svg)
        assert root.find("title").text == "m over time"
        paths = re.findall(r'class="(?:line|band)" d="M([^"]*)"', svg)
        assert all(0 <= float(n) <= max(WIDTH, HEIGHT) for path in paths for n in re.findall(r"-?\d+\.?\d*", path))


def test_the_bar_is_drawn_where_the_course_has_what_was_usual() -> None:
    one = quality(NO, 0.078)
    made = course(one, SINCE, NOW, [])
    assert made.usual == pytest.approx(0.451, abs=0.002)
    assert made.bar == pytest.approx(1.02 * made.usual)
    distance = Signal("d", NO, "", 0.078, 0.05, 0.1, 0.02, course=one.course[28:])
    assert course(distance, SINCE, NOW, []).bar is None, "nobody knows the unit of this course"
    assert "<path" in drawn(made, span([made], SINCE, NOW), SINCE, ())
    assert len(re.findall(r'class="line"', drawn(made, span([made], SINCE, NOW), SINCE, ()))) == 2, "a gap of two weeks"


def test_without_a_course_the_looks_are_the_course() -> None:
    before = [(NOW - 14 * DAY, Signal("m", OK, "", 0.1, 0.0, 0.2, 0.5)), (NOW - 7 * DAY, Signal("m", HM, "few rows"))]
    made = course(Signal("m", NO, "", 0.9, 0.8, 1.0, 0.5), SINCE, NOW, before)
    assert [dot.value for dot in made.dots] == [0.1, 0.9]
    assert (made.bar, made.drawn) == (0.5, True)
    svg = drawn(made, span([made], SINCE, NOW), SINCE, ())
    assert [svg.count(f'class="look {state}"') for state in ("ok", "no", "hm")] == [1, 1, 1]
    alone = course(Signal("m", HM, "few rows"), SINCE, NOW, [])
    assert not alone.drawn


def test_an_unbroken_run_of_looks_says_since_when() -> None:
    def told(*looks: tuple[Signal, ...]) -> str:
        *before, now = looks
        return headline("m", monitored(now), earlier(*before)).sentence

    assert "harmed since 2013-07-15 (3 looks)" in told(HARMED, CALM, HARMED, HARMED, HARMED)
    assert "healthy since 2013-07-29." in told(CALM, HARMED, CALM)
    assert "Nobody can tell yet" in told(CALM, UNKNOWN)
    other = earlier(CALM)[0]
    assert headline("m", monitored(CALM), [monitored(other.signals, other.until, version=6)]).sentence.endswith(
        "07-29."
    )


def test_nobody_calls_a_model_healthy_of_which_only_the_age_is_known() -> None:
    age = Signal("staleness", OK, "3 days old", 3.0)
    assert headline("m", monitored((*UNKNOWN, age)), ()).state == "cannot tell"
    assert headline("m", monitored((age,)), ()).state == "healthy", "nobody wants to know more"
    assert headline("m", monitored(()), ()).why == "No monitor looked at it."


@given(st.lists(some_numbers, max_size=50), st.lists(some_numbers, max_size=50))
def test_a_sketch_holds_every_row(before: list[float], now: list[float]) -> None:
    made = sketch(Column("x", np.array(before, dtype=float)), Column("x", np.array(now, dtype=float)))
    for rows, shares in ((before, made.before), (now, made.now)):
        assert sum(shares) == pytest.approx(1.0 if rows else 0.0, abs=0.01)
    assert len(made.cells) == len(made.before) == len(made.now) <= 25
    assert ElementTree.fromstring(before_and_now(made)).find("desc") is not None


def test_new_and_rare_names_are_told_apart() -> None:
    names = tuple(f"n{k}" for k in range(40))
    random = np.random.default_rng(1)
    old = Column("gate", random.integers(0, 40, 4000).astype(float), names)
    new = Column("gate", np.zeros(100), ("never seen",))
    made = sketch(old, new)
    assert made.cells[-2:] == ("new names", "others")
    assert (made.now[-2], made.before[-2]) == (1.0, 0.0)


def test_the_waterfall_adds_up() -> None:
    found = decay(bug="lost_join")
    steps = waterfall(found).steps
    parts, whole = steps[:-1], steps[-1]
    ends = [step.box[0] if step.tone == "less" else sum(step.box) for step in parts]
    assert [step.begin for step in parts[1:]] == pytest.approx(ends[:-1], abs=0.15)
    assert ends[-1] == pytest.approx(whole.box[0] if whole.tone == "less" else sum(whole.box), abs=0.15)
    assert [step.cause for step in parts] == [part.name == found.cause for part in found.parts]
    assert all(0 <= end <= 100 for step in steps for end in (*step.whisker, step.box[0], sum(step.box)))
