"""The AUC and its influences: against the published example, an exact definition, and its own laws."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, rankdata
from sklearn.metrics import roc_auc_score

from everfit.statistics.auc import auc, delong_covariance
from everfit.statistics.interval import estimate

ASAH = Path(__file__).with_name("asah.csv")
"""113 patients (Turck et al., Intensive Care Medicine 36 (2010) 107-115), the example of R's pROC; rows sorted."""


@pytest.fixture
def asah():
    return np.loadtxt(ASAH, delimiter=",", skiprows=1).T


def exact(y, scores):
    """The influences by the definition: every positive against every negative."""
    wins = (scores[y == 1][:, None] > scores[y == 0]) + 0.5 * (scores[y == 1][:, None] == scores[y == 0])
    value = wins.mean()
    influence = np.empty(len(y))
    influence[y == 1] = (wins.mean(axis=1) - value) / (y == 1).sum()
    influence[y == 0] = (wins.mean(axis=0) - value) / (y == 0).sum()
    return value, influence


def tied(rng, n):
    y = (rng.random(n) < 0.3).astype(float)
    return y, np.round(rng.normal(0, 1, n) + y, 1)


def test_published_example(asah):
    y, wfns, s100b = asah
    one, two = auc(y, wfns), auc(y, s100b)
    covariance = delong_covariance(y, [one.influence, two.influence])
    z = (one.value - two.value) / np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert one.value == pytest.approx(0.82367886, abs=1e-8)
    assert two.value == pytest.approx(0.73136856, abs=1e-8)
    assert z == pytest.approx(2.20898359, abs=1e-8)
    assert 2 * norm.sf(z) == pytest.approx(0.0271757823, abs=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_definition_with_ties(seed):
    y, scores = tied(np.random.default_rng(seed), 300)
    found = auc(y, scores)
    value, influence = exact(y, scores)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.value == pytest.approx(roc_auc_score(y, scores), abs=1e-12)
    np.testing.assert_allclose(found.influence, influence, atol=1e-15)


def test_depends_on_ranks_alone_and_not_on_the_order_of_rows():
    rng = np.random.default_rng(6)
    y, scores = tied(rng, 500)
    found = auc(y, scores)
    np.testing.assert_allclose(auc(y, rankdata(scores)).influence, found.influence, atol=1e-15)
    order = rng.permutation(500)
    np.testing.assert_allclose(auc(y[order], scores[order]).influence, found.influence[order], atol=1e-15)


def test_turned_scores_give_the_turned_area():
    y, scores = tied(np.random.default_rng(7), 500)
    found, turned = auc(y, scores), auc(y, -scores)
    assert turned.value == pytest.approx(1 - found.value, abs=1e-12)
    np.testing.assert_allclose(turned.influence, -found.influence, atol=1e-15)


def test_with_a_row_per_cluster_the_variance_is_nearly_delongs():
    rng = np.random.default_rng(8)
    y = (rng.random(4000) < 0.3).astype(float)
    scores = rng.normal(0, 1, 4000) + y
    found = auc(y, scores)
    by_row = estimate(found, np.arange(4000))
    delong = np.sqrt(delong_covariance(y, [found.influence])[0, 0])
    assert (by_row.high - by_row.low) / 2 == pytest.approx(norm.ppf(0.95) * delong, rel=2e-3)


def clustered(rng, days):
    """Rows of one day share a shift of the label and a shift of the score."""
    day = np.repeat(np.arange(days), rng.poisson(50, days) + 2)
    easy, mood = rng.normal(0, 0.7, days), rng.normal(0, 0.7, days)
    known = rng.normal(0, 1, len(day))
    y = (rng.random(len(day)) < 1 / (1 + np.exp(1.2 - known - easy[day]))).astype(float)
    return y, known + (easy + mood)[day], day


def test_covers_the_truth_on_clustered_days_where_plain_delong_does_not():
    truth = auc(*clustered(np.random.default_rng(9), 20_000)[:2]).value
    rng = np.random.default_rng(10)
    runs, missed, missed_plain = 600, 0, 0
    for _ in range(runs):
        y, scores, day = clustered(rng, 30)
        found = auc(y, scores)
        interval = estimate(found, day)
        plain = norm.ppf(0.95) * np.sqrt(delong_covariance(y, [found.influence])[0, 0])
        missed += not interval.low <= truth <= interval.high
        missed_plain += abs(found.value - truth) > plain
    two_errors = 2 * np.sqrt(0.1 * 0.9 / runs)
    assert missed / runs < 0.1 + two_errors
    assert missed_plain / runs > 0.1 + 2 * two_errors
