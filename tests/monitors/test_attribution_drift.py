"""What pulls at the answers."""

import numpy as np
import pytest

from everfit.monitors import Pulled
from everfit.monitors.attribution_drift import AttributionDrift
from everfit.values import Outcome
from tests.monitors.conftest import rows, seen
from tests.monitors.moved import part
from tests.nulls import draws

NAMES = ("speed", "load", "heat", "noise")
USUAL = (3.0, 2.0, 1.0, 0.2)
DAYS, A_DAY = 14, 30


def pulls(seed, strength, days=DAYS):
    """Shapley values of some rows of each day; days differ."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), A_DAY)
    of_day = np.exp(random.normal(0, 0.2, (days, len(strength))))[day]
    return random.normal(0, 1, (len(day), len(strength))) * strength * of_day, day


def pulled(seed, now=USUAL, days=DAYS, was=USUAL):
    (old, before), (new, after) = pulls(2 * seed, was), pulls(2 * seed + 1, now, days)
    return Pulled(NAMES, old, new, before, after + 100)


def watched(reference, some, **settings):
    return AttributionDrift(**settings).watch(seen(reference, rows(1, days=1), pulled=some, level=0.05))


def test_quiet_pulls_harm_no_more_often_than_the_level(reference):
    seeds = min(draws(60), 1_000)
    like = (2.1, 2.0, 1.0, 0.95)  # chance alone often gives them another order
    found = [watched(reference, pulled(seed, now=like, was=like), at_least=0.99) for seed in range(seeds)]
    assert np.mean([one.effect > 0 for one in found]) > 0.3
    assert sum(one.harms for one in found) <= 0.05 * seeds + 2.5 * np.sqrt(0.0475 * seeds)


def test_another_order_is_harm(reference):
    found = watched(reference, pulled(1, now=(0.2, 1.0, 2.0, 3.0)))
    assert found.harms
    assert found.reason.startswith("the order of 4 features by their pull is worth 0.640 of what it was (")
    assert found.reason.endswith("wanted 0.9); 4 pull otherwise, speed most")


def test_one_that_pulls_more_is_told(reference):
    found = watched(reference, pulled(1, now=(3.0, 2.0, 1.0, 0.9)))
    assert found.outcome is Outcome.PASSED
    assert found.parts[0].name == "noise"
    assert part(found, "noise").low > 0 > -0.1
    assert "no more than chance" in part(found, "speed").reason


def test_the_figure_is_that_of_the_definition(reference):
    some = pulled(3, now=(1.0, 3.0, 2.0, 0.2))
    old, new = np.abs(some.reference).mean(axis=0), np.abs(some.window).mean(axis=0)
    discount = 1 / np.log2(np.arange(4) + 2)
    wanted = (old[np.argsort(-new)] @ discount) / (np.sort(old)[::-1] @ discount)
    assert watched(reference, some).effect == pytest.approx(1 - wanted)


def test_one_day_takes_rows_for_independent(reference):
    assert watched(reference, pulled(1, days=4)).outcome is Outcome.PASSED


def test_without_shapley_values_it_cannot_tell(reference):
    found = watched(reference, None)
    assert (found.outcome, found.reason) == (
        Outcome.CANNOT_TELL,
        "nobody worked out what each feature did to the answers",
    )
    few = watched(reference, pulled(1, days=1))
    assert few.reason == "Shapley values: 30 rows beside 420 are too few, 100 of either are needed"
    idle = Pulled(NAMES, np.zeros((120, 4)), np.zeros((120, 4)), np.zeros(120, int), np.ones(120, int))
    assert watched(reference, idle).reason == "no feature did anything to an answer when the model was judged"


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="at_least: wanted a number from 0 to 1"):
        AttributionDrift(at_least=1.1)
