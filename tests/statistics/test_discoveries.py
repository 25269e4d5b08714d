"""Many tests at once: the example that was published, and how often chance is taken for a discovery."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from everfit.statistics.discoveries import benjamini_hochberg, benjamini_yekutieli, holm

P = (0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1)
"""Benjamini and Hochberg (1995), section 3.2: of a trial of heart attacks, at 5 %."""

CHANCES = st.lists(st.floats(0, 1), max_size=30)


def test_the_published_example():
    assert sum(benjamini_hochberg(P, 0.05)) == 4
    assert sum(p <= 0.05 / len(P) for p in P) == 3
    assert sum(benjamini_yekutieli(P, 0.05)) == 3


@given(CHANCES, st.floats(0.001, 0.5))
def test_scipy_says_the_same(chances, share):
    for ours, theirs in ((benjamini_hochberg, "bh"), (benjamini_yekutieli, "by")):
        adjusted = false_discovery_control(chances, method=theirs) if chances else np.empty(0)
        near = np.isclose(adjusted, share, rtol=1e-9)
        assert (np.array(ours(chances, share), dtype=bool) == (adjusted <= share))[~near].all()


@given(CHANCES, st.floats(0.001, 0.5))
def test_the_order_of_price(chances, share):
    """Any dependence costs something; that not even one may be wrong costs as much or more than the smallest share."""
    hochberg, yekutieli = (rule(chances, share) for rule in (benjamini_hochberg, benjamini_yekutieli))
    assert all(one or not two for one, two in zip(hochberg, yekutieli, strict=True))
    levels = holm(chances, share)
    assert all(one or not p <= level for one, p, level in zip(hochberg, chances, levels, strict=True))


@pytest.mark.parametrize(("rule", "wrong"), [(benjamini_hochberg, 0.5858), (benjamini_yekutieli, 0.2)])
def test_the_worst_that_tests_can_have_to_do_with_each_other(rule, wrong):
    """Each p-value alone is uniform; but with a chance of `share / k`, k of them are just below the k-th step."""
    random = np.random.default_rng(1)
    tests, share, runs = 10, 0.2, 4000
    steps = np.arange(1, tests + 1)
    named = 0
    for at in random.choice(tests + 1, size=runs, p=np.r_[1 - (share / steps).sum(), share / steps]):
        chances = random.uniform(share, 1, tests)
        chances[:at] = random.uniform(at - 1, at, at) * share / tests
        named += any(rule(random.permutation(chances), share))
    assert named / runs <= wrong + 2 * np.sqrt(wrong * (1 - wrong) / runs)
    assert (named / runs > 0.5) == (rule is benjamini_hochberg), "Hochberg's share is exceeded, Yekutieli's is not"
