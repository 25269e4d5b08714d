"""Answers that moved."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.monitors.prediction_drift import PredictionDrift
from everfit.values import Outcome
from tests.monitors.conftest import rows, seen
from tests.monitors.moved import before, fortnight, hard, part
from tests.nulls import draws

SEEDS = min(draws(20), 400)


def test_quiet_answers_harm_no_more_often_than_the_level():
    found = [PredictionDrift().watch(seen(before(seed), fortnight(seed), level=0.05)) for seed in range(SEEDS)]
    assert sum(one.harms for one in found) <= 0.05 * SEEDS + 2.5 * np.sqrt(0.0475 * SEEDS)
    assert sum(one.outcome is Outcome.PASSED for one in found) >= 0.8 * SEEDS


def test_answers_that_moved_to_where_the_model_is_wrong_are_harm():
    found = PredictionDrift().watch(seen(before(1, hard), fortnight(1, truth=hard, moved=0.7)))
    assert found.harms
    assert found.reason.startswith("answers moved (PSI ")
    assert found.low > found.bar == 0.02
    assert part(found, "answer").outcome is Outcome.FAILED
    assert len(found.course) == 14


def test_answers_that_moved_to_where_it_is_sure_are_told(reference):
    found = PredictionDrift().watch(seen(reference, fortnight(1, moved=-1.5)))
    assert found.outcome is Outcome.PASSED
    assert part(found, "answer").reason.startswith("moved: PSI ")
    assert found.high < 0


def test_each_class_is_a_column(reference):
    def classes(some):
        return replace(some, scores=np.column_stack([some.scores, 0.3 * (1 - some.scores), 0.7 * (1 - some.scores)]))

    names = ("late", "early", "on time")
    found = PredictionDrift().watch(seen(classes(reference), classes(fortnight(1, moved=-1)), names=names))
    assert {one.name for one in found.parts} == set(names)
    assert found.reason.startswith("answers moved, ")
    unnamed = PredictionDrift().watch(seen(classes(reference), classes(fortnight(1))))
    assert unnamed.parts[0].name.startswith("answer ")


def test_without_losses_nobody_knows_what_moved_answers_do(reference):
    lost = replace(reference, losses=np.full(reference.rows, np.nan))
    found = PredictionDrift().watch(seen(lost, fortnight(1, moved=1.0)))
    assert found.outcome is Outcome.CANNOT_TELL
    assert found.effect is None


def test_rows_without_an_answer_are_left_out(reference):
    window = fortnight(1)
    half = replace(window, scores=np.where(np.arange(window.rows) % 2 == 0, np.nan, window.scores))
    assert PredictionDrift().watch(seen(reference, half)).n == window.rows / 2
    none = replace(window, scores=np.full(window.rows, np.nan))
    found = PredictionDrift().watch(seen(reference, none))
    assert (found.outcome, found.reason) == (Outcome.CANNOT_TELL, "no answer yet")


@pytest.mark.parametrize(("days", "per_day"), [(1, 400), (3, 100)])
def test_one_day_and_few_days(reference, days, per_day):
    assert PredictionDrift().watch(seen(reference, rows(5, days=days, per_day=per_day))).outcome is Outcome.PASSED


def test_one_answer_to_everything(reference):
    same = replace(reference, scores=np.full(reference.rows, 0.5))
    assert PredictionDrift().watch(seen(same, same)).outcome is Outcome.PASSED


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="distance: there is no 'kl'"):
        PredictionDrift(distance="kl")
    with pytest.raises(ValueError, match="rise: wanted a number of at least 0"):
        PredictionDrift(rise=-1)
