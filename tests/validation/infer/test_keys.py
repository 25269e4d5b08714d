"""Keys are found as brute force finds them, unless chance alone could have made them."""

from itertools import combinations

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.validation.infer.keys import PROOF
from everfit.validation.infer.profile import profile
from everfit.validation.stream import Part


def keys_of(tmp_path, *frames: pd.DataFrame):
    keys = None
    for place, frame in enumerate(frames):
        path = tmp_path / f"{place}.parquet"
        frame.to_parquet(path, index=False)
        keys = profile(str(place), [Part(path.name, path)], keys).keys
    return keys


def brute(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    names = [name for name in frame.columns if frame[name].nunique() > 1]
    for size in (1, 2, 3, 4):
        for key in combinations(names, size):
            if not any(set(one) <= set(key) for one in found) and not frame.duplicated(list(key)).any():
                found.append(key)
    return set(found)


cells = st.lists(st.tuples(*[st.integers(0, 3)] * 3, st.sampled_from("xyz")), min_size=2, max_size=30)


@settings(max_examples=60, deadline=None)
@given(cells)
def test_the_candidates_are_those_of_brute_force(tmp_path_factory, rows):
    frame = pd.DataFrame(rows, columns=list("abcd"))
    assert set(keys_of(tmp_path_factory.mktemp("k"), frame).close().found) == brute(frame)


def test_a_later_batch_takes_candidates_away(tmp_path):
    first = pd.DataFrame({"plane": list("aabb"), "day": [1, 2, 1, 2], "seat": [1, 2, 3, 4]})
    later = pd.DataFrame({"plane": list("aabb"), "day": [1, 2, 1, 2], "seat": [1, 1, 1, 1]})
    assert keys_of(tmp_path, first).close().found == (("seat",), ("plane", "day"))
    assert keys_of(tmp_path, first, later).close().found == (("plane", "day"),)


def test_what_differs_by_chance_is_no_key(tmp_path):
    """100 draws of 10 million numbers seldom agree; 100 numbers of 100 that never do are numbered."""
    drawn = pd.Series(range(100)) * 100_003 % 9_999_991
    frame = pd.DataFrame({"a": drawn, "b": list(range(10)) * 10, "c": sorted(list(range(10)) * 10)})
    assert keys_of(tmp_path, frame[["a"]]).best() is None
    numbered = keys_of(tmp_path, frame.assign(a=range(100)))
    assert (numbered.best(), numbered.chance[("a",)]) == (("a",), pytest.approx(100 * 99 / 2 / 100))
    pairs = keys_of(tmp_path, frame.drop(columns="a"))
    assert pairs.chance[("b", "c")] == pytest.approx(100 * 99 / 2 / 100)
    assert pairs.best() == ("b", "c")
    few = keys_of(tmp_path, frame.drop(columns="a").head(5))
    assert few.chance.get(("b",), 0) < PROOF
    assert few.best() is None


def test_fractions_and_columns_with_gaps_name_no_row(tmp_path):
    frame = pd.DataFrame({"f": [i / 7 for i in range(50)], "g": [None, *map(str, range(49))]})
    assert keys_of(tmp_path, frame).best() is None


def test_a_table_in_many_row_groups_is_one_table(tmp_path):
    from pyarrow import parquet

    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"a": [*range(50), *range(49), 77]}), path, row_group_size=50)
    assert profile("x", [Part("t.parquet", path)]).keys.best() is None


def test_in_a_very_large_batch_no_key_is_looked_for(tmp_path, monkeypatch):
    from everfit.validation.infer import keys

    frame = pd.DataFrame({"a": range(100)})
    assert keys_of(tmp_path, frame).best() == ("a",)
    monkeypatch.setattr(keys, "MOST_ROWS", 99)
    assert keys_of(tmp_path, frame).best() is None
