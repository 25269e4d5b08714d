"""A shape fits every text that it was learnt from, and is only given if it says something."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.validation.infer.shapes import Shape


def shape(texts) -> Shape:
    made = Shape()
    for text in texts:
        made.take(text)
    return made


@pytest.mark.parametrize(
    ("texts", "regex"),
    [
        (["EWR", "JFK", "LGA"], "^[A-Z]{3}$"),
        (["N14228", "N3ALAA", "D942DN", "N593"], "^[0-9A-Z]{3,7}$"),
        (["AB-1", "CD-22", "EF-333"], r"^[A-Z]{2}\-[0-9]{1,4}$"),
        (["2013-01-05", "2013-11-30", "2014-02-01"], r"^[0-9]{4}\-[0-9]{2}\-[0-9]{2}$"),
        (["a.b@c", "dd.e@f", "g@h.ii"], r"^[a-z\.@]{4,7}$"),
        (["Hello world", "two words", "And more of it"], None),
        (["x1-A", "y22B_", "Z"], None),
        (["a", ""], None),
        (["---", "--", "-"], None),
        (["x" * 50, "y" * 60], None),
        (["EWR", "EWR"], None),
    ],
)
def test_the_shapes_of_some_columns(texts, regex):
    assert shape(texts).regex(enough=2) == regex


def test_few_texts_have_no_shape():
    assert shape(["EWR", "JFK"]).regex() is None


texts = st.lists(st.text("ABab12-_. é\n", max_size=6), max_size=15)


@given(texts, texts)
def test_every_text_fits_however_it_was_divided_over_batches(one, other):
    merged, whole = shape(one).merge(shape(other)).regex(1), shape(one + other).regex(1)
    assert merged == whole
    if merged:
        assert all(re.match(merged, text) for text in one + other)
