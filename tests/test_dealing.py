"""Who answers whom: sticky, even, growing with the share, and the same for one value however it was spelled."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.dealing import answers_by, place
from everfit.values import Route

ROUTE = Route("flights", champion=1, challenger=2, share=0.3, key="tailnum", salt="flights:7")
values = st.one_of(
    st.text().filter(str.strip), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()
)


@given(values, st.floats(0, 1), st.floats(0, 1))
def test_whoever_the_challenger_answers_it_still_answers_at_a_larger_share(value, one, other):
    small, large = sorted([one, other])
    if answers_by(replace(ROUTE, share=small), value) == "challenger":
        assert answers_by(replace(ROUTE, share=large), value) == "challenger"


@given(values)
def test_no_share_is_nobody_and_the_whole_share_is_everybody(value):
    assert answers_by(replace(ROUTE, share=0.0), value) == "champion"
    assert answers_by(replace(ROUTE, share=1.0), value) == "challenger"
    assert answers_by(replace(ROUTE, share=1.0, challenger=None), value) == "champion"


@given(st.integers(-(2**53), 2**53))
def test_a_number_is_the_same_from_json_csv_and_parquet(number):
    spellings = [number, float(number), str(number), f" {number} ", np.int64(number), np.float64(number)]
    assert len({answers_by(ROUTE, value) for value in spellings}) == 1


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_challenger_has_its_share_of_the_values(share):
    route, n = replace(ROUTE, share=share), 20_000
    found = sum(answers_by(route, f"N{number}") == "challenger" for number in range(n)) / n
    assert abs(found - share) < 4 * math.sqrt(share * (1 - share) / n)


def test_another_rollout_deals_anew():
    """With independent dealings of one half each, one half of the values changes sides."""
    half, other = replace(ROUTE, share=0.5), replace(ROUTE, share=0.5, salt="flights:8")
    moved = sum(answers_by(half, str(n)) != answers_by(other, str(n)) for n in range(10_000)) / 10_000
    assert abs(moved - 0.5) < 0.02


def test_the_place_is_pinned():
    """A new spelling of the hash would move everybody in the middle of a rollout."""
    assert place("flights:7", "N14228") == (0xCA668FF0D5B15884 >> 11) / 2**53


@pytest.mark.parametrize("missing", [None, float("nan"), np.float64("nan"), "", " "])
def test_nobody_in_particular_is_answered_by_the_champion(missing):
    assert answers_by(replace(ROUTE, share=0.999), missing) == "champion"


def test_times_are_spelled_as_iso():
    at = datetime(2013, 5, 1, tzinfo=UTC)
    assert answers_by(ROUTE, at) == answers_by(ROUTE, "2013-05-01T00:00:00+00:00")
