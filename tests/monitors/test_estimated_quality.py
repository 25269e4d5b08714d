"""The loss before its labels come."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.monitors.estimated_quality import EstimatedQuality
from everfit.statistics.decay.columns import Column
from everfit.values import Outcome
from tests.monitors.conftest import NOW, rows, seen, without_labels
from tests.monitors.toys import BEFORE, coins, of_numbers, of_three
from tests.nulls import allowed, draws

RUNS = draws(150)


def test_quiet_windows_are_harm_no_more_often_than_the_level_says():
    harms = 0
    for seed in range(RUNS):
        sides = rows(2 * seed, until=BEFORE, per_day=60), without_labels(rows(2 * seed + 1, per_day=60))
        harms += EstimatedQuality(at_most_worse=0).watch(seen(*sides, level=0.05)).harms
    assert harms / RUNS <= allowed(RUNS)


def test_rows_that_moved_to_where_the_model_is_unsure_are_harm_before_any_label(reference):
    found = EstimatedQuality().watch(seen(rows(0, until=BEFORE, moved=-1.5), without_labels(rows(1, moved=0.4))))
    assert found.outcome is Outcome.FAILED
    assert found.blind_to == "concept drift"
    assert found.reason.startswith("log loss is expected to be 0.6")
    assert found.reason.endswith("on 2,800 rows of 28 days whose labels have not all come")


def test_it_is_blind_to_concept_drift_and_says_so(reference):
    turned = without_labels(rows(1, truth=lambda x, _: 1 / (1 + np.exp(x))))
    found = EstimatedQuality().watch(seen(reference, turned))
    assert not found.harms
    assert found.blind_to == "concept drift"


def test_the_interval_holds_what_is_found_once_labels_are_here():
    held = 0
    for seed in range(40):
        before, window = rows(2 * seed, until=BEFORE), rows(2 * seed + 1, moved=0.7)
        found = EstimatedQuality().watch(seen(before, without_labels(window), level=0.05))
        held += found.low <= window.losses.mean() / before.losses.mean() - 1 <= found.high
    assert held >= 34


def test_days_whose_labels_are_all_here_do_not_count(reference):
    some = rows(1)
    old = some.at < NOW.timestamp() - 10 * 86400
    y, heard, losses = (np.where(old, value, np.nan) for value in (some.y, some.heard, some.losses))
    found = EstimatedQuality().watch(seen(reference, replace(some, y=y, heard=heard, losses=losses)))
    assert "rows of 10 days whose labels have not all come" in found.reason
    none = EstimatedQuality().watch(seen(reference, some))
    assert (none.outcome, none.reason) == (Outcome.CANNOT_TELL, "all labels are here: nothing is left to estimate")
    assert none.blind_to == "concept drift"


def test_classes_and_rates_of_errors():
    before, quiet = of_three(0, until=BEFORE), without_labels(of_three(1))
    unsure = replace(quiet, scores=0.3 * quiet.scores + 0.7 / 3)
    three = {"task": "multiclass", "names": ("a", "b", "c")}
    assert not EstimatedQuality().watch(seen(before, quiet, **three)).harms
    assert EstimatedQuality().watch(seen(before, unsure, **three)).harms
    moved = without_labels(rows(1, moved=0.5))
    sides = [replace(side, losses=(side.scores >= 0.5) != side.y) for side in (rows(0, until=BEFORE, moved=-2), moved)]
    sides = [replace(side, losses=np.where(np.isnan(side.y), np.nan, side.losses)) for side in sides]
    found = EstimatedQuality().watch(seen(*sides, loss="zero_one"))
    assert found.harms
    assert "error rate is expected to be" in found.reason


@pytest.mark.parametrize("columns", [1, 2])
def test_numbers_lose_what_they_lost_where_answers_and_inputs_were_so(columns):
    task = {"task": "regression", "loss": "absolute"}
    if columns == 2:
        task = {"task": "quantile", "loss": "pinball", "levels": (0.2, 0.8)}
    before, window = (of_numbers(seed, until=until, columns=columns) for seed, until in ((0, BEFORE), (1, NOW)))
    hard = window.of((window.scores if columns == 1 else window.scores[:, 0]) > 5)
    assert not EstimatedQuality().watch(seen(before, without_labels(window), **task)).harms
    found = EstimatedQuality().watch(seen(before, without_labels(hard), **task))
    assert found.harms
    assert found.effect == pytest.approx(hard.losses.mean() / before.losses.mean() - 1, abs=0.08)


def test_an_input_that_makes_rows_hard_tells_too_though_some_values_are_missing():
    random = np.random.default_rng(3)
    sides = []
    for side, least in ((of_numbers(0, until=BEFORE), 0.0), (of_numbers(1), 0.6)):
        storm = random.uniform(least, 1, side.rows)
        off = random.normal(0, 0.2 + storm)
        storm[::20] = np.nan
        sides.append(replace(side, columns=(Column("storm", storm),), losses=np.abs(off)))
    sides[1] = without_labels(sides[1])
    assert EstimatedQuality().watch(seen(*sides, task="regression", loss="absolute", leans={"storm": 0.1})).harms
    assert not EstimatedQuality().watch(seen(*sides, task="regression", loss="absolute", leans={"storm": 0.0})).harms


def test_what_cannot_be_told_is_said(reference):
    some = without_labels(rows(1))
    for situation, words in (
        (seen(without_labels(reference), some, task="ranking", loss=""), "no loss by itself"),
        (seen(reference, without_labels(rows(1, days=1))), "it takes 7"),
        (seen(reference, replace(some, scores=some.scores * np.nan)), "there are 0 rows of days"),
    ):
        found = EstimatedQuality().watch(situation)
        assert found.outcome is Outcome.CANNOT_TELL
        assert words in found.reason
    perfect = coins(np.random.default_rng(1), 0.001, until=BEFORE)
    assert EstimatedQuality().watch(seen(replace(perfect, y=perfect.y * 0, losses=perfect.y * 0), some)).reason
