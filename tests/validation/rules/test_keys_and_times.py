"""Keys, references, order and partitions: what counts as the same, and what as before."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.errors import DataError
from everfit.validation.rules._keys import column_hashes, key_hashes, key_values
from everfit.validation.rules.in_order import InOrder
from everfit.validation.rules.references import References
from everfit.validation.rules.unique_across_batches import UniqueAcrossBatches
from everfit.validation.rules.within_partition import SECOND, WithinPartition, span
from tests.validation.rules.deliveries import Shelf, changed, shop

KEYS = st.lists(st.one_of(st.none(), st.integers(-5, 5)), max_size=30)


def array(values, kind=None):
    return pyarrow.array(values, type=kind)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (array([1, 2, -7], pyarrow.int64()), array([1.0, 2.0, -7.0], pyarrow.float64())),
        (array([1, 2, 3], pyarrow.int8()), array([1, 2, 3], pyarrow.int64())),
        (array([0.0]), array([-0.0])),
        (array(["a", "b", "a"]), array(["a", "b", "a"]).dictionary_encode()),
        (array(["a", "b"]), array(["a", "b"], pyarrow.large_string())),
        (
            array([datetime(2013, 5, 1, tzinfo=UTC)], pyarrow.timestamp("s", "UTC")),
            array([datetime(2013, 5, 1, tzinfo=UTC)], pyarrow.timestamp("ns", "Europe/Berlin")),
        ),
    ],
    ids=str,
)
def test_equal_things_have_equal_hashes(one, other):
    assert column_hashes(one)[0].tolist() == column_hashes(other)[0].tolist()


def test_hashes_are_the_same_in_every_process():
    """A profile is read by later releases: these numbers must never change without a new FORMAT."""
    assert column_hashes(array([0, 1]))[0].tolist() == [0, 6238072747940578789]
    assert column_hashes(array(["UA"]))[0].tolist() == [1969961979824733034]


def test_many_keys_have_as_many_hashes():
    batch = pyarrow.record_batch({"a": np.repeat(np.arange(1000), 200), "b": np.tile(np.arange(200), 1000)})
    hashes, there = key_hashes(batch, ["a", "b"])
    assert there.all()
    assert len(np.unique(hashes)) == 200_000


@given(KEYS, KEYS)
@settings(max_examples=60, deadline=None)
def test_hashes_meet_where_keys_do(ours, theirs):
    batches = [pyarrow.record_batch({"k": array(keys, pyarrow.int64())}) for keys in (ours, theirs)]
    (a, known), (b, there) = (key_hashes(batch, ["k"]) for batch in batches)
    found = set(a[known].tolist()) & set(b[there].tolist())
    assert len(found) == len({*ours} & {*theirs} - {None})
    assert [key for (key,) in key_values(batches[0], ["k"])] == ours


@given(child=KEYS, parent=KEYS)
@settings(max_examples=25, deadline=None)
def test_references_count_what_a_set_counts(child, parent, tmp_path_factory):
    shelf = Shelf(tmp_path_factory.mktemp("keys"))
    frames = {
        name: pd.DataFrame({"k": pd.array(keys, dtype="Int64")})
        for name, keys in (("child", child), ("parent", parent))
    }
    (check,) = References("child", ("k",), "parent", at_most=1).check(shelf.delivery(frames))
    known = [key for key in child if key is not None]
    lost = [key for key in known if key not in parent]
    assert check.share == (len(lost) / len(known) if known else 0.0)
    assert check.found.startswith(f"{len(lost)} of {len(known)} row" if lost else f"none in {len(known)} row")


@pytest.mark.parametrize(("at_most", "passed"), [(0.0, False), (0.2, True)])
def test_a_share_of_rows_may_refer_to_nothing(at_most, passed, shelf: Shelf):
    tables = shop(3)
    customers = tables["orders"]["customer"].where(np.arange(400) % 10 > 0, 99)
    delivery = shelf.delivery(changed(tables, customer=customers))
    (check,) = References("orders", ("customer",), "customers", at_most=at_most).check(delivery)
    assert check.passed is passed
    assert check.found == "40 of 400 rows without, such as '99'"
    assert check.share == 0.1


def test_keys_of_two_columns_belong_together(shelf: Shelf):
    stock = pd.DataFrame({"shop": ["north", "south", "web"], "customer": [1, 2, 3]})
    orders = pd.DataFrame({"shop": ["north", "south"], "customer": [1, 3]})
    rule = References("orders", ("shop", "customer"), "stock")
    (check,) = rule.check(shelf.delivery({"orders": orders, "stock": stock}))
    assert check.found == "1 of 2 rows without, such as 'south 3'"


def test_a_key_of_an_earlier_month_is_named_with_its_month(year: Shelf):
    orders = shop(3)["orders"]["order"].where(np.arange(400) != 7, 500_123)
    (check,) = UniqueAcrossBatches("orders", ("order",)).check(year.delivery(changed(shop(3), order=orders)))
    assert not check.passed
    assert check.found == "1 of 400 rows known already, such as '500123 of 2013-05'"


def test_a_corrected_month_may_repeat_its_own_keys(year: Shelf):
    year.accept(shop(3), "2013-03")
    (check,) = UniqueAcrossBatches("orders", ("order",)).check(year.delivery(shop(3), "2013-03"))
    assert check.passed


def test_hashes_that_meet_by_chance_blame_nobody(year: Shelf, monkeypatch):
    """With a hash of 8 bits nearly all keys meet; the rows themselves say that none is the same."""
    from everfit.validation.rules import unique_across_batches as module

    def weak(batch, columns):
        hashes, there = key_hashes(batch, columns)
        return hashes % np.uint64(256), there

    monkeypatch.setattr(module, "key_hashes", weak)
    (check,) = UniqueAcrossBatches("orders", ("order",)).check(year.delivery(shop(3)))
    assert check.passed, check
    assert year.opened


def test_in_order_by_key_lets_keys_cross(shelf: Shelf):
    times = pd.to_datetime(["2013-03-01", "2013-03-05", "2013-03-02", "2013-03-06"], utc=True)
    tables = {"orders": pd.DataFrame({"customer": [1, 2, 1, 2], "placed": times})}
    assert InOrder("orders", "placed", by=("customer",)).check(shelf.delivery(tables))[0].passed
    (check,) = InOrder("orders", "placed").check(shelf.delivery(tables))
    assert check.found == "1 of 4 rows before the one above"


@given(rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=25), size=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_in_order_counts_what_a_loop_counts(rows, size, tmp_path_factory):
    shelf = Shelf(tmp_path_factory.mktemp("order"))
    frame = pd.DataFrame(
        {
            "k": pd.Series([key for key, _ in rows], dtype="int64"),
            "t": pd.to_datetime(pd.Series([day for _, day in rows], dtype="int64"), unit="D", utc=True),
        }
    )
    last, back = {}, 0
    for key, day in rows:
        back += day < last.get(key, day)
        last[key] = day
    pieces = [frame.iloc[at : at + size] for at in range(0, max(len(frame), 1), size)]
    delivery = shelf.delivery({"a": frame})
    parts = [shelf.delivery({"a": piece}).tables["a"][0] for piece in pieces]
    delivery.tables["a"] = parts
    (check,) = InOrder("a", "t", by=("k",), at_most=1).check(delivery)
    assert check.share == (back / len(rows) if rows else 0.0)


@pytest.mark.parametrize(
    ("name", "begin", "days"),
    [
        ("2013", "2013-01-01", 365),
        ("2012", "2012-01-01", 366),
        ("2013-12", "2013-12-01", 31),
        ("2013-05-01", "2013-05-01", 1),
        ("2013-W05", "2013-01-28", 7),  # ISO 8601: week 1 of 2013 began on 31 December 2012
        ("2013-W01", "2012-12-31", 7),
        ("2013-05-01T06", "2013-05-01T06:00", 1 / 24),
    ],
)
def test_a_partitions_name_is_a_span(name, begin, days):
    first, after = span(name, ZoneInfo("UTC"))
    assert first == pd.Timestamp(begin, tz="UTC").timestamp() * SECOND
    assert after - first == timedelta(days=days) / timedelta(microseconds=1)


def test_a_day_in_a_zone_may_have_23_hours():
    first, after = span("2013-03-10", ZoneInfo("America/New_York"))
    assert (after - first) / SECOND == 23 * 3600


@pytest.mark.parametrize("name", ["may", "2013-13", "2013-02-30", "2013-W54", "2013-05-01T24", "20130501", "2013-5"])
def test_other_names_are_none(name, shelf: Shelf):
    with pytest.raises(DataError, match="is no span of time"):
        span(name, ZoneInfo("UTC"))
    (check,) = WithinPartition("orders", "placed").check(shelf.delivery(shop(3), name))
    assert not check.passed
    assert f"the partition's name '{name}' is no span of time" in check.found


@pytest.mark.parametrize(("hours", "passed"), [(0, False), (4, False), (5, True)])
def test_a_row_may_be_a_little_late(hours, passed, shelf: Shelf):
    placed = shop(3)["orders"]["placed"].where(np.arange(400) != 9, pd.Timestamp("2013-04-01T04:30", tz="UTC"))
    rule = WithinPartition("orders", "placed", hours=hours)
    (check,) = rule.check(shelf.delivery(changed(shop(3), placed=placed)))
    assert check.passed is passed
    if not passed:
        assert check.found == "1 of 400 rows outside 2013-03 in UTC, such as '2013-04-01 04:30:00+00:00'"


def test_a_month_in_new_york_ends_when_it_ends_there(shelf: Shelf):
    placed = shop(3)["orders"]["placed"].where(np.arange(400) != 9, pd.Timestamp("2013-04-01T03:30", tz="UTC"))
    delivery = shelf.delivery(changed(shop(3), placed=placed))
    rule = WithinPartition("orders", "placed", zone="America/New_York", hours=5)
    assert rule.check(delivery)[0].passed
    assert not WithinPartition("orders", "placed").check(delivery)[0].passed


@pytest.mark.parametrize(("values", "says"), [(1.5, "which are no times"), ("yesterday", "holds text that is no time")])
def test_what_is_no_time_is_a_failed_check(values, says, shelf: Shelf):
    delivery = shelf.delivery(changed(shop(3), placed=values))
    for rule in (WithinPartition("orders", "placed"), InOrder("orders", "placed")):
        (check,) = rule.check(delivery)
        assert not check.passed
        assert says in check.found
