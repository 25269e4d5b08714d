"""Answers to the same rows, served and offline."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.monitors.train_serve_skew import TrainServeSkew
from everfit.values import Outcome
from tests.monitors.conftest import seen
from tests.monitors.moved import fortnight

WINDOW = fortnight(1)


def watched(reference, again, **settings):
    return TrainServeSkew(**settings).watch(seen(reference, WINDOW, again=again))


def off(rows, by=0.1):
    """The answers offline, of which the first so many are others."""
    return np.where(np.arange(WINDOW.rows) < rows, WINDOW.scores + by, WINDOW.scores)


def test_the_same_answers_pass(reference):
    found = watched(reference, off(WINDOW.rows, by=1e-7))
    assert found.outcome is Outcome.PASSED
    assert found.reason == "all 2,800 rows that were asked again have the same answer (to 1e-05 of its size)"


def test_one_row_is_harm(reference):
    found = watched(reference, off(1, by=-0.25))
    assert found.harms
    assert found.reason == "1 of 2,800 rows were answered otherwise than offline (at most by 0.25), allowed 0 %"
    assert found.low > 0


@pytest.mark.parametrize(("rows", "outcome"), [(3, Outcome.PASSED), (30, Outcome.CANNOT_TELL), (900, Outcome.FAILED)])
def test_a_share_that_is_allowed(reference, rows, outcome):
    assert watched(reference, off(rows), at_most=0.02).outcome is outcome


def test_tolerance_is_of_the_size_of_the_answer(reference):
    assert watched(reference, off(2_800, by=0.01), tolerance=0.02).outcome is Outcome.PASSED


def test_an_answer_on_one_side_alone_is_another_answer(reference):
    wide = np.column_stack([WINDOW.scores, 1 - WINDOW.scores])
    again = wide.copy()
    again[0, 1] = np.nan
    found = TrainServeSkew().watch(seen(reference, replace(WINDOW, scores=wide), again=again))
    assert found.harms
    assert "1 of 2,800 rows were answered otherwise than offline" in found.reason


def test_only_rows_that_were_asked_count(reference):
    found = watched(reference, np.where(np.arange(WINDOW.rows) % 4 == 0, WINDOW.scores, np.nan))
    assert (found.outcome, found.n) == (Outcome.PASSED, 700)


@pytest.mark.parametrize("again", [None, np.full(2_800, np.nan)])
def test_nobody_was_asked(reference, again):
    found = watched(reference, again)
    assert (found.outcome, found.reason) == (Outcome.CANNOT_TELL, "no row was asked again offline")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tolerance": -1}, "tolerance: wanted a number of at least 0"),
        ({"at_most": 2}, "at_most: wanted a number from 0 to 1"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TrainServeSkew(**settings)
