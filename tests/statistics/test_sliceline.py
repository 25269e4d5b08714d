"""The search for the worst slices: the score by hand, and nothing missed that looking at everything would find."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.statistics.sliceline import Score, worst


def everything(table, sizes, errors, least, depth, weight):
    """Every conjunction, one by one: score, columns, codes."""
    usual, rows = np.abs(errors).mean(), len(errors)
    found = []
    for level in range(1, depth + 1):
        for columns in combinations(range(len(sizes)), level):
            for codes in product(*(range(sizes[column]) for column in columns)):
                inside = np.all([table[column] == code for column, code in zip(columns, codes, strict=True)], axis=0)
                size = int(inside.sum())
                if size >= least:
                    score = weight * (errors[inside].mean() / usual - 1) - (1 - weight) * (rows / size - 1)
                    found.append((score, columns, codes))
    return sorted(found, key=lambda one: (-one[0], len(one[1]), one[1], one[2]))


def test_the_score_of_the_paper_by_hand():
    """Definition 1: 0.95 (error in the slice / error of all - 1) - 0.05 (rows / rows in the slice - 1).

    Eight rows with the mean error 0.5, two of them in the slice with the mean error 2: 0.95 * 3 - 0.05 * 3 = 2.7.
    """
    carrier = np.array([0, 0, 1, 1, 1, 1, 1, 1])
    errors = np.array([2.0, 2.0, 0, 0, 0, 0, 0, 0])
    [one] = worst(carrier[None], (2,), errors, top=1, least=1, weight=0.95)
    assert (one.columns, one.codes, one.rows, one.mean) == ((0,), (0,), 2, 2.0)
    assert one.score == pytest.approx(2.7)
    # all rows score 0, whatever the weight: they are the usual and have the usual size
    assert Score(8, 0.5, 0.7, 1).of(np.array([4.0]), np.array([8.0])).tolist() == [0.0]


def test_a_conjunction_is_found_where_neither_half_is_bad_enough():
    rng = np.random.default_rng(0)
    table = rng.integers(0, 5, (6, 4000))
    errors = np.where((table[1] == 2) & (table[4] == 0), 1.0, 0.1) + rng.uniform(0, 0.01, 4000)
    best = worst(table, (5,) * 6, errors, top=1)[0]
    assert (best.columns, best.codes) == ((1, 4), (2, 0))
    assert best.of(table).sum() == best.rows


tables = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@settings(max_examples=150, deadline=None)
@given(
    tables,
    st.lists(st.integers(1, 4), min_size=1, max_size=5),
    st.integers(5, 120),
    st.integers(1, 10),
    st.integers(1, 4),
    st.integers(1, 12),
    st.sampled_from([0.5, 0.9, 0.95, 0.99, 1.0]),
    st.sampled_from(["signed", "positive", "zero-one", "tails"]),
)
def test_it_finds_what_looking_at_everything_finds(rng, sizes, rows, least, depth, top, weight, kind):
    table = np.stack([rng.integers(-1, size, rows) for size in sizes])
    errors = {
        "signed": rng.normal(0, 1, rows),
        "positive": rng.gamma(1, 1, rows),
        "zero-one": rng.integers(-1, 2, rows).astype(float),
        "tails": rng.standard_t(1, rows),
    }[kind]
    found = worst(table, tuple(sizes), errors, top=top, least=least, depth=depth, weight=weight)
    if not errors.any():
        assert found == ()
        return
    wanted = everything(table, sizes, errors, least, min(depth, len(sizes)), weight)[:top]
    assert [one.score for one in found] == pytest.approx([score for score, _, _ in wanted], abs=1e-9)
    scores = np.array([score for score, _, _ in wanted])
    for place, (one, (score, columns, codes)) in enumerate(zip(found, wanted, strict=True)):
        if np.abs(np.delete(scores, place) - score).min(initial=1) > 1e-9 and place < len(wanted) - 1:
            assert (one.columns, one.codes) == (columns, codes)
        assert one.mean == pytest.approx(errors[one.of(table)].mean())


@settings(deadline=None)
@given(tables, st.integers(2, 40), st.integers(1, 8), st.sampled_from([0.5, 0.95, 1.0]))
def test_no_part_of_a_slice_scores_above_its_bound(rng, rows, least, weight):
    errors = rng.normal(0, 1, rows)
    inside = errors[: rng.integers(1, rows + 1)]
    score = Score(rows, float(np.abs(errors).mean()), weight, least)
    plus = np.maximum(inside, 0)
    bound = score.bound(np.array([plus.sum()]), np.array([float(len(inside))]), np.array([plus.max()]))[0]
    for size in range(least, len(inside) + 1):
        worst_part = np.sort(inside)[::-1][:size]
        assert score.of(np.array([worst_part.sum()]), np.array([float(size)]))[0] <= bound + 1e-9


def test_most_is_ruled_out_where_a_few_slices_stand_out(monkeypatch):
    """It is the bound that makes it fast: sets of columns in which nothing can be among the best are not counted."""
    from everfit.statistics import sliceline

    counted = []
    count = sliceline._Rows.count
    monkeypatch.setattr(
        sliceline._Rows, "count", lambda self, columns, parts: counted.append(columns) or count(self, columns, parts)
    )
    rng = np.random.default_rng(0)
    table = rng.integers(0, 4, (12, 3000))
    errors = np.where(table[0] == 1, 1.0, 0.0)
    worst(table, (4,) * 12, errors, top=1, least=300, depth=3)
    assert len(counted) < 12 + 66
