"""Inputs that are broken."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.monitors.data_quality import DataQuality
from everfit.statistics.decay.columns import Column
from everfit.values import Outcome
from tests.monitors.conftest import rows, seen
from tests.monitors.moved import before, changed, fortnight, part
from tests.nulls import draws


def watched(reference, window):
    return DataQuality().watch(seen(reference, window))


def some(values, other, every=5):
    """Each fifth value is another one."""
    return np.where(np.arange(len(values)) % every == 0, other, values)


def test_quiet_and_drifted_windows_are_sound():
    for seed in range(min(draws(60), 1_000)):
        found = watched(before(seed), fortnight(seed, moved=[0.0, 1.5, -0.5][seed % 3], other=seed % 5))
        assert found.outcome is Outcome.PASSED
        assert found.reason == "all 3 inputs look sound"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: some(x, np.nan), "20.0% have no value, 0.0% before"),
        (lambda x: some(x, np.inf), "20.0% are infinite"),
        (lambda x: np.full(len(x), np.nan), "100.0% have no value, 0.0% before"),
        (lambda x: np.full(len(x), 1.0), "all rows have the same value, 2800 different ones before"),
        (lambda x: some(x, -999.0), "20.0% have the very value -999"),
    ],
    ids=["missing", "infinite", "gone", "constant", "default"],
)
def test_a_broken_column_is_harm_if_the_model_leans_on_it(reference, make, words):
    found = watched(reference, changed(fortnight(1), "x", make))
    assert found.harms
    assert found.reason == f"1 of 3 inputs is broken (x: {words}), the model leans on it"
    assert found.parts[0].name == "x"
    assert found.effect > found.bar
    idle = watched(reference, changed(fortnight(1), "other", make))
    assert idle.outcome is Outcome.PASSED
    assert idle.reason == f"1 of 3 inputs is broken (other: {words}), the model does not lean on it"


def test_another_unit_is_harm(reference):
    found = watched(reference, changed(fortnight(1), "x", lambda x: 1000 * x))
    assert found.harms
    assert "times the old ones" in found.reason


def test_names_that_are_spelled_otherwise(reference):
    window = fortnight(1)
    lower = Column("city", window.columns[2].values, ("ewr", "jfk", "lga"))
    found = watched(reference, replace(window, columns=(*window.columns[:2], lower)))
    assert found.harms
    assert "city: known names are spelled differently: 'ewr' for 'EWR'" in found.reason


def test_a_new_name_is_told(reference):
    window = fortnight(1)
    city = window.columns[2]
    new = Column("city", some(city.values, 3.0, every=100), (*city.categories, "BOS"))
    found = watched(reference, replace(window, columns=(*window.columns[:2], new)))
    assert found.outcome is Outcome.PASSED
    assert part(found, "city").reason == "1 % new names"


def test_values_beyond_all_that_was_are_told(reference):
    found = watched(reference, changed(fortnight(1), "x", lambda x: some(x, 50.0, every=100)))
    assert found.outcome is Outcome.PASSED
    assert "% above all that was" in part(found, "x").reason


def test_a_column_that_is_gone_and_one_that_is_new(reference):
    window = fortnight(1)
    found = watched(reference, replace(window, columns=(*window.columns[1:], Column("gate", np.ones(window.rows)))))
    assert found.harms
    assert found.reason == "1 of 3 inputs is broken (x: the column is not in these rows), the model leans on it"
    assert part(found, "gate").reason == "the reference has no such column"


def test_numbers_where_names_were(reference):
    window = fortnight(1)
    found = watched(reference, replace(window, columns=(*window.columns[:2], Column("city", window.columns[2].values))))
    assert found.harms
    assert "city: names where numbers were, or numbers for names" in found.reason


def test_rows_that_are_there_twice_are_told(reference):
    window = fortnight(1)
    columns = (Column(one.name, np.repeat(one.values[::2], 2), one.categories) for one in window.columns)
    found = watched(reference, replace(window, columns=tuple(columns)))
    assert found.outcome is Outcome.PASSED
    assert found.reason.startswith("all 3 inputs look sound; 50.0% of the rows are there more than once")


def test_nothing_and_next_to_nothing(reference):
    assert watched(reference, reference.of(np.zeros(reference.rows, dtype=bool))).reason == "no row yet"
    assert watched(reference, rows(1, days=1, per_day=20)).outcome is Outcome.CANNOT_TELL
    assert watched(reference, rows(1, days=1, per_day=300)).outcome is Outcome.PASSED


def test_a_table_of_other_columns(reference):
    other = replace(reference, columns=(Column("gate", np.ones(reference.rows)),))
    found = watched(reference, other)
    assert found.harms
    assert found.reason.startswith("3 of 3 inputs are broken (x: the column is not in these rows; city")
