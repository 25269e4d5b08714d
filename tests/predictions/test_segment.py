from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.predictions import Prediction, Served, find, loads_in, pack, predictions_of, segments, unpack, without
from everfit.predictions.load import is_load, load_line, loads_of
from everfit.predictions.prediction import id_of, moment
from everfit.testing.fakes import MemoryStore
from tests.predictions.answers import BEGIN, LOAD, answer

VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text()


def kept(*some: Prediction) -> MemoryStore:
    store = MemoryStore()
    for one in some:
        assert store.create(*pack([one]))
    return store


@given(
    st.lists(st.dictionaries(st.text(), VALUES | st.lists(VALUES)), max_size=3),
    st.lists(st.floats(allow_nan=False)),
    st.datetimes(timezones=st.just(UTC)),
)
@settings(deadline=None)
def test_a_line_is_read_back_as_it_was(rows: list[Any], scores: list[float], at: datetime) -> None:
    one = Prediction("1-a", at, "m", 1, "champion", rows, scores)
    assert one.line().count(b"\n") == 1
    assert Prediction.of(one.line()) == one


def test_numbers_that_json_has_not() -> None:
    back = Prediction.of(Prediction("1-a", BEGIN, "m", 1, "champion", [{"x": math.inf}], [math.nan]).line())
    assert back.rows == [{"x": math.inf}]
    assert math.isnan(back.scores[0])


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"7", b"{}", b'{"at": "2013"}', b'{"at": 3}', answer().line()[:-9]])
def test_what_is_no_prediction(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a prediction|Expecting|Unterminated|delimiter|isoformat"):
        Prediction.of(line)


def test_ids_say_when() -> None:
    at = datetime(2026, 11, 21, 7, 30, 12, 345678, tzinfo=UTC)
    assert moment(id_of(at, bytes(8))) == datetime(2026, 11, 21, 7, 30, 12, 346000, tzinfo=UTC)
    for wrong in ("", "x", "12", "12-", "-12", "zz-00", "f" * 40 + "-00"):
        assert moment(wrong) is None
        assert find(MemoryStore(), "flights", wrong) is None


def test_packing_again_makes_nothing_new() -> None:
    some = [answer(0), answer(5, rows=3)]
    key, data = pack(some)
    assert (key, data) == pack(some)
    assert key.startswith("predictions/flights/3/20130101T000000.000000Z_20130101T000005.000000Z_2_4_")
    assert list(unpack(data)) == some
    assert pack([answer(0), answer(5, rows=3, alias="previous")])[0] != key
    assert json.loads(gzip.decompress(data).splitlines()[0])["rows"] == [
        {"carrier": "UA", "distance": 1400, "tail": None}
    ]


def test_what_the_server_took_is_kept_beside_its_answers() -> None:
    key, data = pack([answer(0), answer(5)], [LOAD])
    assert "_2_2_" in key
    assert key != pack([answer(0), answer(5)])[0]
    assert list(unpack(data)) == [answer(0), answer(5)]
    assert loads_in(data) == [LOAD]
    assert loads_in(pack([answer(0)])[1]) == []
    cut = load_line(LOAD)[:-9]
    assert is_load(cut)
    assert loads_of([cut, load_line(LOAD), answer().line()]) == [LOAD]


def test_what_a_version_served() -> None:
    store = kept(answer(1), answer(2, rows=4), answer(9, version=4), answer(3, model="other"))
    assert predictions_of(store, "flights", 3) == Served(
        2, 5, BEGIN + timedelta(seconds=1), BEGIN + timedelta(seconds=2), 2
    )
    assert predictions_of(store, "flights", 4).predictions == 1
    assert predictions_of(store, "flights", 5) == Served(0, 0, None, None, 0)
    store.data["predictions/flights/3/notes.txt"] = b"somebody's"
    assert [one.version for one in segments(store, "flights")] == [3, 3, 4]


def test_a_prediction_is_found_with_its_version_and_nothing_else_is_read() -> None:
    some = [answer(second, version=2 + second % 3) for second in range(30)]
    store = kept(*some)
    read: list[str] = []

    def reading(key: str) -> bytes:
        read.append(key)
        return store.data[key]

    store.read = reading  # type: ignore[method-assign]
    assert all(find(store, "flights", one.id) == one for one in some)
    assert len(read) == len(some)
    assert find(store, "flights", id_of(BEGIN + timedelta(seconds=7), b"another ")) is None
    assert find(store, "other", some[0].id) is None


def test_times_with_parts_of_a_millisecond_are_found() -> None:
    some = [answer(second / 7) for second in range(1, 20)]
    store = kept(*some)
    assert [find(store, "flights", one.id) for one in some] == some


@pytest.mark.parametrize("model", ["..", "a/b", ".hidden", "späte flüge", "a%2Fb"])
def test_any_name_of_a_model_makes_a_key(model: str) -> None:
    from everfit.stores.place import checked

    store = kept(answer(model=model))
    assert [checked(key) for key in store.data]
    assert predictions_of(store, model, 3).predictions == 1


def test_rows_of_a_person_can_be_taken_out() -> None:
    _, data = pack([answer(0, rows=3), answer(1), answer(2, rows=2)])
    left, gone = without(data, lambda row: row["distance"] == 1400)
    assert gone == 3
    assert [[row["distance"] for row in one.rows] for one in left] == [[1401, 1402], [], [1401]]
    assert [len(one.scores) for one in left] == [2, 0, 1]
    key, again = pack(left)
    assert "_3_3_" in key
    assert without(again, lambda row: row["distance"] == 1400) == (left, 0)
