"""What a column of texts held."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.statistics.tally import Categories

COLUMNS = st.lists(st.one_of(st.none(), st.just(float("nan")), st.sampled_from("abcdefgh")), max_size=60)


@given(COLUMNS, COLUMNS, st.integers(0, 5))
def test_every_row_is_counted_once(old, new, most):
    known = Categories.learn(Counter(old), most)
    held = known.count(new)
    assert held.rows == len(new)
    assert held.counts == tuple(new.count(name) for name in known.names)
    assert held.missing == sum(not isinstance(value, str) for value in new)


@given(COLUMNS, COLUMNS)
def test_codes_say_the_same_as_texts(old, new):
    known = Categories.learn(Counter(old))
    names = sorted({value for value in new if isinstance(value, str)})
    codes = np.array([names.index(value) if isinstance(value, str) else -1 for value in new], dtype=np.int32)
    assert known.count_codes(codes, names) == known.count(new)


@given(COLUMNS, COLUMNS)
def test_batches_add_up(one, two):
    known = Categories(("a", "b"))
    assert known.count(one).merged(known.count(two)) == known.count(one + two)


def test_the_largest_categories_are_known():
    assert Categories.learn(Counter("aabbbcd"), most=3).names == ("b", "a", "c")


def test_a_name_may_be_twice_in_a_dictionary_that_was_put_together():
    assert Categories(("a",)).count_codes(np.array([0, 1, 2]), ["a", "a", None]).cells == (2, 0, 1)


def test_other_categories_do_not_add_up():
    with pytest.raises(ValueError, match="different categories"):
        Categories(("a",)).count([]).merged(Categories(("b",)).count([]))
