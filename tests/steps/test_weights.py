"""How much a row counts: laws that hold whatever the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.errors import UnknownName
from everfit.spec import TrainSpec
from everfit.steps.feature_table import LABEL, TIME, WEIGHT
from everfit.steps.weights import by_age, by_class, weights

CLASSES = ("late", "on time", "very late")
BEGIN = pd.Timestamp("2013-01-01", tz="UTC")
TABLES = st.lists(st.tuples(st.integers(0, 2), st.floats(0, 400), st.floats(0.01, 100)), min_size=1, max_size=60).map(
    lambda rows: pd.DataFrame(
        {
            LABEL: [float(row[0]) for row in rows],
            TIME: [BEGIN + pd.Timedelta(days=row[1]) for row in rows],
            WEIGHT: [row[2] for row in rows],
        }
    )
)


def ask(rows: pd.DataFrame, **train: Any) -> np.ndarray:
    found = weights(TrainSpec(**train), CLASSES, rows)
    assert found is not None
    return found


def test_without_a_wish_all_rows_count_the_same() -> None:
    assert weights(TrainSpec(), CLASSES, pd.DataFrame({LABEL: [0.0]})) is None


@given(TABLES, st.floats(1, 1000), st.sampled_from([None, "balanced", {"late": 3.0}]))
@settings(max_examples=80, deadline=None)
def test_weights_are_1_on_average_and_never_negative(rows: pd.DataFrame, half_life: float, classes: Any) -> None:
    found = ask(rows, weight="how_much", half_life=half_life, class_weights=classes)
    assert found.dtype == np.float32
    assert (found >= 0).all()
    assert found.mean() == pytest.approx(1, rel=1e-4)


@given(TABLES, st.floats(1, 1000))
@settings(max_examples=50, deadline=None)
def test_a_row_that_is_a_half_life_older_counts_half(rows: pd.DataFrame, half_life: float) -> None:
    older = rows.assign(**{TIME: rows[TIME] - pd.Timedelta(days=half_life)})
    both = by_age(pd.concat([rows, older], ignore_index=True)[TIME], half_life)
    np.testing.assert_allclose(both[len(rows) :], both[: len(rows)] / 2, rtol=1e-6)
    assert both.max() == 1


@given(TABLES)
@settings(max_examples=50, deadline=None)
def test_balanced_classes_count_the_same_together(rows: pd.DataFrame) -> None:
    found = pd.Series(ask(rows, class_weights="balanced")).groupby(rows[LABEL]).sum()
    np.testing.assert_allclose(found, found.iloc[0], rtol=1e-4)


def test_balanced_is_scikit_learns() -> None:
    from sklearn.utils.class_weight import compute_sample_weight

    codes = np.random.default_rng(0).integers(0, 3, 200)
    np.testing.assert_allclose(by_class(codes, CLASSES, "balanced"), compute_sample_weight("balanced", codes))


@given(TABLES, st.floats(0.1, 50))
@settings(max_examples=30, deadline=None)
def test_the_unit_of_a_weight_does_not_matter(rows: pd.DataFrame, unit: float) -> None:
    scaled = rows.assign(**{WEIGHT: rows[WEIGHT] * unit})
    np.testing.assert_allclose(ask(rows, weight="how_much"), ask(scaled, weight="how_much"), rtol=1e-4)


def test_a_class_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UnknownName, match=r"no class for train.class_weights 'latte'; did you mean 'late'"):
        by_class(np.array([0]), CLASSES, {"latte": 2.0})
