"""The order of features by their pull."""

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from everfit.statistics.attributions import Pulls, changes, order_kept


def pulls(seed, strength, days=20):
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), 10)
    return Pulls(random.gamma(2, 0.5, (len(day), len(strength))) * strength, day)


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_scikit_learn(seed):
    strength = np.random.default_rng(seed).gamma(2, 1, 7)
    old, new = pulls(10 + seed, strength), pulls(20 + seed, strength[::-1])
    found = order_kept(old, new, level=0.95)
    wanted = ndcg_score([old.size.mean(axis=0)], [new.size.mean(axis=0)])
    assert found.value == pytest.approx(wanted)
    assert found.low <= found.value <= found.high


def test_the_same_order_is_worth_all_of_it():
    assert order_kept(pulls(1, (9, 3, 1)), pulls(2, (9, 3, 1)), level=0.95).low == 1.0


def test_changes_are_shares_of_all_that_pulled():
    more, same = changes(pulls(1, (1.0, 1.0)), pulls(2, (2.0, 1.0)), level=0.95)
    assert more.value == pytest.approx(0.5, abs=0.1)
    assert same.value == pytest.approx(0.0, abs=0.1)
    assert more.low > 0.3


def test_few_days_take_rows_for_independent():
    found = order_kept(pulls(1, (1.0, 1.1), days=3), pulls(2, (1.1, 1.0), days=3), level=0.95)
    assert found.clusters == 60
