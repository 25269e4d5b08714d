"""The loss that is to be expected where rows went: is it right, and is its error?"""

import numpy as np
import pytest

from everfit.statistics.outlook import outlook
from tests.nulls import draws

RUNS = min(draws(40), 1_000)
DAYS, A_DAY = 20, 60


def world(seed, middle, days=DAYS):
    """Rows of two columns, whose days differ; what a row loses bends along the first."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), A_DAY)
    x = random.normal(middle, 0.95, len(day)) + random.normal(0, 0.3, days)[day]
    losses = random.gamma(4, mean(x) / 4)
    return np.column_stack([x, random.normal(size=len(day))]).astype(np.float32), losses, day


def mean(x):
    return 0.5 + np.logaddexp(0, x)


def truly(middle):
    x = np.random.default_rng(0).normal(middle, (0.95**2 + 0.3**2) ** 0.5, 400_000)
    return float(mean(x).mean())


@pytest.mark.parametrize("middle", [0.0, 0.4])
def test_it_is_right_and_knows_how_right(middle):
    rise = truly(middle) - truly(0.0)
    found = []
    for seed in range(RUNS):
        (old, losses, before), (new, _, now) = world(2 * seed, 0.0), world(2 * seed + 1, middle)
        found.append(outlook(old, losses, new, (before, now), level=0.95).rise)
    values = np.array([one.value for one in found])
    assert values.mean() == pytest.approx(rise, abs=3 * values.std() / RUNS**0.5 + 0.02)
    limit = 0.05 * RUNS + 2.5 * np.sqrt(0.0475 * RUNS)
    assert sum(one.low > rise for one in found) <= limit
    assert sum(one.high < rise for one in found) <= limit
    assert np.mean([one.error for one in found]) < 1.6 * values.std(), "and it is not far too careful"


def test_where_rows_share_next_to_nothing_it_says_so():
    (old, losses, before), (new, _, now) = world(1, 0.0), world(2, 9.0)
    found = outlook(old, losses, new, (before, now), level=0.95)
    assert found.overlap < 0.05
    assert found.moved.value > 0.99
    alike = outlook(old, losses, world(3, 0.0)[0], (before, now), level=0.95)
    assert alike.overlap > 0.9


def test_shares_are_of_the_loss_that_was():
    old, losses, before = world(1, 0.0)
    found = outlook(old, losses, world(2, 0.5)[0], (before, before), level=0.95)
    assert found.share == tuple(end / losses.mean() for end in (found.rise.value, found.rise.low, found.rise.high))
    assert found.p(found.share[1]) == pytest.approx(0.05)


def test_a_model_without_any_loss_has_none_ahead():
    old, losses, before = world(1, 0.0)
    found = outlook(old, 0 * losses, world(2, 0.5)[0], (before, before), level=0.95)
    assert found.share == (0.0, 0.0, 0.0)


def test_weights_alone_find_most_of_it_if_nothing_is_learnt_of_losses(monkeypatch):
    monkeypatch.setattr("everfit.statistics.outlook.ROUNDS", 0)
    (old, losses, before), (new, _, now) = world(1, 0.0, days=60), world(2, 0.4, days=60)
    found = outlook(old, losses, new, (before, now), level=0.95)
    assert found.rise.value == pytest.approx(truly(0.4) - truly(0.0), abs=0.08)
