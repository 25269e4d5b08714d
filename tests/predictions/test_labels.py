"""Labels come late and are corrected; the newest counts, and only what can matter is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from everfit.errors import DataError
from everfit.predictions import Label, keep_labels, label_count, labels_since
from everfit.predictions.prediction import id_of
from everfit.testing.fakes import MemoryStore

DAY = datetime(2013, 1, 1, tzinfo=UTC)
OLD, NEW = id_of(DAY, b"12345678"), id_of(DAY + timedelta(days=2), b"12345678")


def test_the_newest_label_of_a_row_counts_whenever_it_came() -> None:
    store = MemoryStore()
    assert keep_labels(store, "m", [Label(OLD, 1.0), Label(OLD, 0.0, row=1)], DAY) == 2
    assert keep_labels(store, "m", [Label(OLD, 0.0)], DAY + timedelta(days=40)) == 1
    assert labels_since(store, "m", DAY) == {(OLD, 0): 0.0, (OLD, 1): 0.0}
    keep_labels(store, "m", [Label(OLD, None, row=1)], DAY + timedelta(days=41))
    assert labels_since(store, "m", DAY) == {(OLD, 0): 0.0}
    assert label_count(store, "m") == 4


def test_told_once_more_changes_nothing() -> None:
    store = MemoryStore()
    for _ in range(2):
        keep_labels(store, "m", [Label(OLD, "late")], DAY)
    assert labels_since(store, "m", DAY) == {(OLD, 0): "late"}
    assert label_count(store, "m") == 1
    assert keep_labels(store, "m", [], DAY) == 0


def test_labels_of_predictions_before_are_not_even_read() -> None:
    class Reading(MemoryStore):
        reads = 0

        def read(self, key: str) -> bytes:
            self.reads += 1
            return super().read(key)

    store = Reading()
    keep_labels(store, "m", [Label(OLD, 1.0)], DAY)
    keep_labels(store, "m", [Label(NEW, 1.0)], DAY)
    keep_labels(store, ".other/m", [Label(NEW, 0.0)], DAY)
    assert labels_since(store, "m", DAY + timedelta(days=1)) == {(NEW, 0): 1.0}
    assert store.reads == 1


@pytest.mark.parametrize("wrong", [Label("latest", 1.0), Label(OLD, 1.0, row=-1)])
def test_what_is_no_row_of_a_prediction_is_refused(wrong: Label) -> None:
    with pytest.raises(DataError, match="wanted the id of a prediction"):
        keep_labels(MemoryStore(), "m", [wrong], DAY)
