"""Two classifiers on the same rows: published examples, and how often equal ones are told apart."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from everfit.statistics.mcnemar import clustered, corrected, exact, mcnemar, paired_difference

RUNS = 10_000
TWO_ERRORS = 2 * np.sqrt(0.05 * 0.95 / RUNS)

PSYCHIATRY = np.array(
    [
        [0, 1, 1, 1, 0, 3, 3, 3, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0],
        [4, 2, 3, 2, 1, 3, 0, 2, 2, 4, 2, 4, 3, 2, 1, 3, 1, 2, 0, 0, 0, 2, 1, 2, 2, 0, 0, 1, 1],
        [7, 6, 7, 6, 4, 6, 5, 8, 4, 7, 3, 6, 7, 6, 5, 4, 6, 5, 4, 3, 5, 4, 4, 2, 3, 2, 2, 3, 1],
    ]
)
"""29 psychiatrists: pairs with only one answer, with only the other, and all (Petryshen, Psychiatry Research 1989)."""


def test_agrestis_example():
    """Approval of a prime minister, asked twice: Agresti, Categorical Data Analysis (2nd ed., 2002), table 10.1."""
    assert chi2.isf(corrected(86, 150), 1) == pytest.approx(16.8178, abs=5e-5)
    assert corrected(86, 150) == pytest.approx(4.1146e-5, rel=1e-4)
    assert exact(86, 150) == pytest.approx(3.7159e-5, rel=1e-4)
    assert mcnemar(86, 150) == corrected(86, 150)


@given(st.integers(0, 40), st.integers(0, 40))
def test_it_is_exact_where_there_is_little_and_symmetric(one, two):
    wanted = binomtest(one, one + two, 0.5).pvalue if one + two else 1.0
    assert exact(one, two) == pytest.approx(wanted, rel=1e-9)
    assert mcnemar(one, two) == mcnemar(two, one)
    assert mcnemar(one, two) == (exact(one, two) if one + two < 25 else corrected(one, two))


def test_durkalskis_examples():
    """The statistics in Durkalski et al. (2003): each cluster's difference by its size; McNemar's beside them."""
    one, two, of = PSYCHIATRY
    assert chi2.isf(clustered((one - two) / of), 1) == pytest.approx(7.542, abs=5e-4)
    assert (one.sum() - two.sum()) ** 2 / (one.sum() + two.sum()) == pytest.approx(11.85, abs=5e-3)
    # 21 patients with 51 glands (Obuchowski 1998): eight differ, in the patients that are listed
    thyroids = np.array([2 / 3, 1 / 3, 1 / 3, -1 / 2, 2 / 2, 1 / 3])
    assert chi2.isf(clustered(thyroids), 1) == pytest.approx(2.32, abs=5e-3)


def test_clusters_of_one_row_give_mcnemar_without_correction():
    rows = np.r_[np.ones(86), -np.ones(150), np.zeros(1364)]
    assert chi2.isf(clustered(rows), 1) == pytest.approx((86 - 150) ** 2 / 236, rel=1e-9)
    assert clustered(np.zeros(5)) == mcnemar(0, 0) == 1.0


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        ((36, 12, 2, 0), 0.0569, 0.3404),
        ((20, 12, 2, 16), 0.0562, 0.3292),
        ((18, 12, 2, 18), 0.0562, 0.3290),
        ((36, 14, 0, 0), 0.1528, 0.4167),
        ((35, 14, 0, 1), 0.1461, 0.4175),
        ((18, 14, 0, 18), 0.1441, 0.3963),
        ((2, 97, 1, 0), 0.8721, 0.9854),
    ],
)
def test_newcombes_paired_examples(table, low, high):
    """Statistics in Medicine 17 (1998) 2635-2650, table III, method 10."""
    assert paired_difference(*table, level=0.975) == pytest.approx((low, high), abs=5.1e-5)


@given(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda table: sum(table) > 0))
def test_the_paired_interval_holds_the_difference_and_turns_with_it(table):
    both, one, two, neither = table
    low, high = paired_difference(*table)
    assert -1 <= low <= (one - two) / sum(table) <= high <= 1
    assert (-high, -low) == pytest.approx(paired_difference(both, two, one, neither), abs=1e-12)
    assert (low, high) == pytest.approx(paired_difference(neither, one, two, both), abs=0.06)  # but for the correction


@pytest.mark.parametrize(("rows", "disagree"), list(product((60, 400), (0.1, 0.4))))
def test_equal_classifiers_are_rarely_told_apart(rows, disagree):
    rng = np.random.default_rng([1, rows, int(100 * disagree)])
    tables = rng.multinomial(rows, [0.7 - disagree / 2, disagree / 2, disagree / 2, 0.3 - disagree / 2], RUNS)
    assert np.mean([mcnemar(one, two) <= 0.05 for _, one, two, _ in tables]) <= 0.05 + TWO_ERRORS


@pytest.mark.parametrize("days", [14, 30, 60])
def test_equal_classifiers_are_rarely_told_apart_where_days_go_together(days):
    """Each day leans to one of the two; McNemar takes the rows for independent and is wrong often."""
    rng = np.random.default_rng([2, days])
    sizes = rng.integers(20, 100, (RUNS, days))
    lean = rng.beta(4, 4, (RUNS, days))
    differ = rng.binomial(sizes, 0.3)
    one = rng.binomial(differ, lean)
    by_day = np.mean([clustered(row) <= 0.05 for row in (2.0 * one - differ)])
    by_row = np.mean([mcnemar(int(a), int(b)) <= 0.05 for a, b in zip(one.sum(1), (differ - one).sum(1), strict=True)])
    assert by_day <= 0.05 + TWO_ERRORS
    assert by_day > 0.03
    assert by_row > 0.12
