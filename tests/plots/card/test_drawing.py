"""The drawings of each task, for any holdout that has something to show: true numbers, all of them inside."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_curve

from everfit.plots.card.axis import Axis
from everfit.plots.card.curves import curves
from everfit.plots.card.drawing import HEIGHT, WIDTH, drawing, tone
from everfit.plots.card.groups import reliability
from everfit.plots.card.panels import Grid, Panel
from everfit.plots.card.slices import slices
from everfit.statistics.truth import Truth
from everfit.values import canonical, dump, load
from tests.plots.test_evaluation import holdout, other

TASKS = ("binary", "regression", "multiclass", "quantile", "ranking", "survival")
NAMES = {
    "binary": ["roc", "precision", "reliability", "scores"],
    "regression": ["errors", "reliability", "left_over"],
    "multiclass": ["confusion", "reliability", "classes"],
    "quantile": ["reliability", "cost", "width"],
    "ranking": ["places", "groups"],
    "survival": ["waiting", "reliability"],
}


def of(task: str, rows: int = 400, champion: bool = True):
    return holdout(task, rows, champion) if task in ("binary", "regression") else other(task, rows, champion)


@pytest.mark.parametrize("champion", [True, False])
@pytest.mark.parametrize("rows", [4, 400])
@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_its_drawings(task: str, rows: int, champion: bool) -> None:
    made = curves(of(task, rows, champion))
    few = {"reliability"} if rows == 4 else set()  # no group has rows of two days, so no interval is known
    assert [n for n in NAMES[task] if n not in few] == [p.name for p in made if p.name not in few]
    for panel in made:
        assert load(type(panel), dump(panel)) == panel
        root = ElementTree.fromstring(drawing(panel))
        assert root.tag == "svg"
        if isinstance(panel, Panel):
            assert inside(drawing(panel)), panel.name
    assert len(canonical([dump(panel) for panel in made])) < 20_000


def inside(svg: str) -> bool:
    """Whether every point of every line is within the drawing."""
    paths = re.findall(r'<path class="line [^"]*" d="M([^"]*)"', svg)
    numbers = [float(n) for path in paths for n in re.findall(r"-?\d+\.?\d*", path.replace("H", " ").replace("V", " "))]
    return bool(paths) and all(0 <= number <= max(WIDTH, HEIGHT) for number in numbers)


def test_what_cannot_be_drawn_is_left_out() -> None:
    assert curves(holdout(truth=Truth(np.ones(400)))) == ()
    assert curves(holdout(scores={"candidate": np.full(400, np.nan), "baseline": np.zeros(400)})) == ()
    flat = {"candidate": np.full(400, 0.2), "baseline": np.full(400, 0.3)}
    assert curves(holdout(scores=flat, days=np.zeros(400, dtype=int)))


def test_roc_and_average_precision_are_those_of_scikit_learn() -> None:
    made = holdout(rows=300)
    found, precision, *_ = curves(made)
    candidate = next(one for one in found.series if one.who == "candidate")
    wrong, right, _ = roc_curve(made.y, made.scores["candidate"], drop_intermediate=False)
    theirs = set(zip(wrong.round(5).tolist(), right.round(5).tolist(), strict=True))
    assert {(round(x, 5), round(y, 5)) for x, y in zip(candidate.x, candidate.y, strict=True)} <= theirs
    assert len(candidate.x) > 100
    average = average_precision_score(made.y, made.scores["candidate"])
    assert next(one for one in precision.series if one.who == "candidate").told == f"average {average:.4f}"


def test_the_same_row_order_or_another_makes_the_same_drawing() -> None:
    made = holdout(rows=300)
    order = np.random.default_rng(1).permutation(300)
    shuffled = {name: scores[order] for name, scores in made.scores.items()}
    again = holdout(rows=300, truth=Truth(made.y[order]), scores=shuffled, days=made.days[order])
    for one, two in zip(curves(made), curves(again), strict=True):
        for a, b in zip(one.series, two.series, strict=True):
            assert (a.x, a.told) == (b.x, b.told)
            assert a.y == pytest.approx(b.y, abs=1e-9)


def test_of_a_calibrated_score_most_intervals_hold_the_line() -> None:
    """At 90 % each, about nine of ten groups: 200 groups of honest scores."""
    hits, count = 0, 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        said, days = random.random(4000), random.integers(0, 40, 4000)
        found = reliability("candidate", said, (random.random(4000) < said).astype(float), days)
        hits += sum(low <= x <= high for x, low, high in zip(found.x, found.low, found.high, strict=True))
        count += len(found.x)
    assert count == 200
    assert 0.83 <= hits / count <= 0.97


@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=20), st.booleans(), st.booleans())
def test_an_axis_has_room_for_all_and_a_few_round_numbers(values: list[float], percent: bool, zero: bool) -> None:
    axis = Axis.over(values, 50.0, 400.0, percent=percent, zero=zero)
    assert all(50 <= axis.at(value) <= 400 for value in values)
    assert axis.low < axis.high
    assert 1 <= len(axis.ticks) <= 12
    assert all(50 <= at <= 400 for at, _ in axis.ticks)


def test_colours_are_by_name_and_text_is_text() -> None:
    assert [tone("champion", 0), tone("label 1", 1)] == ["champion", "line-2"]
    odd = Grid("g", "t", ("<b>",), ("<i>",), ((0.7,),))
    assert "&lt;b&gt;" in drawing(odd)
    assert "<i>" not in drawing(odd)


def test_a_planted_bad_part_is_the_first_and_few_rows_are_not_shown() -> None:
    random = np.random.default_rng(5)
    rows, days = 4000, np.repeat(np.arange(40), 100)
    origin = random.choice(["JFK", "LGA", "EWR"], rows).astype(object)
    origin[:50] = "tiny"
    hour, loss = random.uniform(0, 24, rows), random.random(rows)
    champion = loss + random.normal(0, 0.1, rows)
    about = {"hour": hour, "origin": origin, "id": np.arange(rows).astype(str).astype(object), "same": np.ones(rows)}
    found = slices("squared", about, loss + (origin == "LGA") * 0.2, champion, days)
    assert (found.shown[0].column, found.shown[0].value) == ("origin", "LGA")
    assert found.shown[0].effect == pytest.approx(0.2, abs=0.02)
    assert found.looked == 7
    assert {one.column for one in found.shown} == {"origin", "hour"}
    alone = slices("squared", about, loss + (origin == "LGA") * 0.2, None, days)
    assert (alone.shown[0].value, alone.shown[0].champion) == ("LGA", None)
