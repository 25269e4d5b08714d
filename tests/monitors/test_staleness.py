"""How old the champion's newest data are."""

import pytest

from everfit.monitors.staleness import Staleness
from everfit.values import Outcome
from tests.monitors.conftest import rows, seen


def test_age_alone_is_no_harm(reference):
    found = Staleness().watch(seen(reference, rows(1)))
    assert found.outcome is Outcome.PASSED
    assert found.reason == "the newest row that it learnt from is 60 days old"


@pytest.mark.parametrize(("at_most", "outcome"), [("61d", Outcome.PASSED), ("59d", Outcome.FAILED)])
def test_a_limit_that_the_spec_sets_makes_it_harm(reference, at_most, outcome):
    assert Staleness(at_most).watch(seen(reference, rows(1))).outcome is outcome


def test_a_limit_that_is_no_time_is_refused():
    with pytest.raises(ValueError, match="at_most: found 'soon', wanted a time such as"):
        Staleness("soon")
