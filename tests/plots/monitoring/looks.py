"""Looks at a small model in production, whose world a test may change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from everfit.ledger.entries import Monitored
from everfit.plots.monitoring.look import Look, Mark, Span
from everfit.plots.monitoring.sketches import sketch
from everfit.signals import Point, Signal
from everfit.statistics.decay.cause import Decay, why
from everfit.statistics.decay.columns import Window
from everfit.steps.decayed import advice
from everfit.values import Detail, Outcome, StoredFile
from tests.statistics.decay.toy import BUGS, USUAL, answered, unlabelled, window

NOW = datetime(2013, 7, 29, tzinfo=UTC)
DAY = timedelta(days=1)
FILE = StoredFile("evidence/flight_delays/monitored-7-2013-07-29.json", "ab" * 32)
OK, NO, HM = Outcome.PASSED, Outcome.FAILED, Outcome.CANNOT_TELL


def points(middle: float, rise: float, days: int = 28, wide: float = 0.012, seed: int = 1) -> tuple[Point, ...]:
    """A course by day: it rises in its second half."""
    random = np.random.default_rng(seed)
    values = middle + rise * np.clip(np.arange(days) / days - 0.45, 0, 1) / 0.55 + random.normal(0, wide / 3, days)
    begin = NOW - days * DAY
    return tuple(
        Point(f"{begin + k * DAY:%Y-%m-%d}", f"{begin + (k + 1) * DAY:%Y-%m-%d}", v, v - wide, v + wide, 900)
        for k, v in enumerate(values.tolist())
    )


def quality(outcome: Outcome, effect: float) -> Signal:
    words = {OK: "log loss is as it was", NO: f"log loss is {effect:.3f} higher than it was judged to be"}[outcome]
    numbers = (effect, effect - 0.008, effect + 0.008, 0.02, 21_340)
    course = points(0.002, 1.5 * effect if effect > 0.01 else 0.0)
    return Signal("quality", outcome, words, *numbers, "cluster-robust t by day", 1e-6, 0.9999, (), course)


CALM = (
    quality(OK, 0.002),
    Signal(
        "estimated_quality",
        OK,
        "no rise of the log loss is to be expected",
        0.001,
        -0.004,
        0.006,
        0.02,
        25_210,
        course=points(0.0, 0.001, seed=2),
        blind_to="concept drift",
    ),
    Signal(
        "feature_drift",
        OK,
        "2 of 32 features moved, none that the model leans on",
        0.011,
        0.008,
        0.014,
        0.05,
        25_210,
        parts=(Detail("temp", OK, "moved, leans 0.4 %", 0.31, 0.27, 0.35, 0.04, 25_210),),
        course=points(0.01, 0.003, seed=3),
    ),
    Signal("label_drift", OK, "24.1 % of labels are 1, 23.7 % before", 0.004, -0.01, 0.018, 0.05, 21_340),
    Signal("staleness", OK, "the newest row that it learnt from is 36 days old", 36.0),
)
CONCEPT = Signal("concept_drift", HM, "one day has labels: it takes 3", blind_to="")
HARMED = (
    *CALM[1:],
    Signal(
        "segments",
        NO,
        "3 of 24 segments are harmed",
        0.11,
        0.06,
        0.16,
        0.05,
        1_210,
        "sliceline",
        0.0002,
        0.9999,
        (
            Detail("carrier <script>EV</script>", NO, "log loss 0.11 higher", 0.11, 0.06, 0.16, 0.05, 1_210),
            Detail("origin LGA", NO, "log loss 0.08 higher", 0.08, 0.051, 0.11, 0.05, 6_210),
            Detail("carrier B6", HM, "too few rows", None, None, None, None, 20),
            Detail("origin JFK", OK, "", 0.01, -0.01, 0.03, 0.05, 8_000),
        ),
    ),
    quality(NO, 0.05),
    CONCEPT,
)
UNKNOWN = tuple(
    Signal(name, HM, reason, blind_to=blind)
    for name, reason, blind in (
        ("quality", "no label has come of the 412 rows", ""),
        ("estimated_quality", "412 rows of 2 days: an interval needs 8 days", "concept drift"),
        ("feature_drift", "2 days: what days vary by is not known", ""),
    )
)


def monitored(signals: tuple[Signal, ...], until: datetime = NOW, **changes: Any) -> Monitored:
    usual = Monitored(
        7,
        until - 28 * DAY,
        until,
        25_210,
        21_340,
        0.0005,
        signals,
        "none",
        "wait",
        "no harm was found",
        "reports/flight_delays/monitored.html",
        FILE,
    )
    return replace(usual, **changes)


def decay(world: Any = None, bug: str = "", labelled: bool = True, size: int = 3000) -> Decay:
    """A real one, of a planted cause."""
    x, y = window(world or USUAL, size, np.random.default_rng(7))
    if bug:
        BUGS[bug][0](x, np.random.default_rng(8))
    found = answered(x, y)
    return why(reference(size), found if labelled else unlabelled(found))


def reference(size: int = 3000) -> Window:
    return answered(*window(USUAL, size, np.random.default_rng(1)))


def look(found: Monitored, **changes: Any) -> Look:
    span = Span(NOW - 90 * DAY, NOW - 60 * DAY, 24_011)
    usual = Look(
        "flight_delays", "Will this flight be late?", NOW + timedelta(hours=5), found, NOW - 40 * DAY, span, "log_loss"
    )
    return replace(usual, **changes)


def earlier(*signals: tuple[Signal, ...]) -> tuple[Monitored, ...]:
    """Looks a week apart before this one, the last a week ago."""
    return tuple(monitored(one, NOW - (len(signals) - k) * 7 * DAY) for k, one in enumerate(signals))


MARKS = (
    Mark(NOW - 40 * DAY, "champion", "version 7 became champion"),
    Mark(NOW - 41 * DAY, "retrain", "a run started: new_data"),
    Mark(NOW - 12 * DAY, "retrain", "a run started: <schedule>"),
)


def healthy() -> Look:
    return look(monitored((*CALM, CONCEPT)), earlier=earlier(CALM, CALM, CALM), marks=MARKS)


def harmed() -> Look:
    """The same inputs mean something else, one of them moved too, and a look a week ago has seen it."""
    turned = replace(USUAL, effect=(0.5, -1.0, 0.8, 0.0), middle=(0.4, *USUAL.middle[1:]))
    found, before = decay(turned), reference()
    now = answered(*window(turned, 3000, np.random.default_rng(7)))
    words = "PSI 0.14, bar 0.04; the model leans on it (31 %)"
    moved = [sketch(a, b, words) for a, b in zip(before.columns, now.columns, strict=True)]
    said = advice(found, HARMED, "log_loss")
    return look(
        monitored(HARMED, cause=said.cause, action=said.action, why=said.why),
        decay=found,
        earlier=earlier(CALM, CALM, HARMED, HARMED),
        marks=MARKS,
        sketches=(moved[0], moved[7], moved[3]),
        links={"model page": "../../models/flight_delays"},
    )


def unknown() -> Look:
    return look(monitored(UNKNOWN, rows=412, labelled=0))
