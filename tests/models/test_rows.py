"""Rows in pieces are the same rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from everfit.models import Rows, sample


class Pieces:
    """Rows in pieces of some length."""

    def __init__(self, rows: Rows, length: int) -> None:
        self.rows, self._all, self._length = rows.rows, rows, length

    def pieces(self):
        for begin in range(0, self.rows, self._length):
            yield self._all.take(slice(begin, begin + self._length))


def block(rows: int) -> Rows:
    numbers = np.arange(rows)
    return Rows(
        numbers.reshape(-1, 1).astype(np.float32), numbers.astype(np.float32), weights=(numbers / 7).astype(np.float32)
    )


@given(st.integers(1, 60), st.integers(1, 20))
def test_pieces_join_to_what_they_were_cut_from(rows: int, length: int) -> None:
    whole = block(rows)
    joined = Rows.join(list(Pieces(whole, length).pieces()))
    assert joined.labels.tolist() == whole.labels.tolist()
    assert joined.weights is not None
    assert whole.weights is not None
    assert joined.weights.tolist() == whole.weights.tolist()
    assert joined.groups is None


@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 80))
def test_a_sample_is_the_same_however_the_rows_are_cut(rows: int, length: int, most: int) -> None:
    whole = block(rows)
    drawn = sample(Pieces(whole, length), most)
    assert drawn.labels.tolist() == sample(whole, most).labels.tolist()
    assert drawn.rows == min(rows, most)
