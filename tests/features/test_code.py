"""A team's features.py is loaded as one file and held to its contract."""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from everfit.errors import DataError, NotEnoughData, SpecError
from everfit.features import FeatureCode, load_code

Code = Callable[[str], FeatureCode]
AS_IS = "def features(rows, history): return rows\n"


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame({"late": [0, 1, 0], "b": [1, 2, 3], "a": ["x", "y", "z"]}, index=[7, 5, 9])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def features(rows, history): return rows", "there is no INPUTS"),
        ("INPUTS = ['a']\ndef feature(rows, history): return rows", "no features; did you mean 'feature'"),
        ("INPUTS = ['a']\nfeatures = 3", "features must be a function, not int"),
        ("INPUTS = 'a'\ndef features(rows, history): return rows", "must be a list of column names, not 'a'"),
        ("INPUTS = []\ndef features(rows, history): return rows", "must be a list of column names"),
        ("INPUTS = ['a', 'a']\ndef features(rows, history): return rows", "INPUTS has 'a' twice"),
        ("INPUTS = [\n", r"features.py:1: the file does not load: SyntaxError"),
        ("\nimport nowhere_to_be_found\n", r"features.py:2: the file does not load: ModuleNotFoundError"),
        ("from .other import thing\n", "does not load: ImportError"),
    ],
)
def test_a_file_that_is_no_feature_code_is_refused_with_the_reason(
    write: Callable[[str], Path], source: str, said: str
) -> None:
    with pytest.raises(SpecError, match=said):
        load_code(write(source))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"features\.py: cannot read the feature code: No such file"):
        load_code(tmp_path / "features.py")


def test_loading_leaves_no_bytecode_and_two_versions_live_side_by_side(write: Callable[[str], Path]) -> None:
    path = write("INPUTS = ['a']\nANSWER = 1\ndef features(rows, history): return rows")
    first = load_code(path)
    path.write_text("INPUTS = ['a']\nANSWER = 2\ndef features(rows, history): return rows")
    second = load_code(path)
    assert (first.module.ANSWER, second.module.ANSWER) == (1, 2)
    assert first.module.__name__ != second.module.__name__
    assert sys.modules[first.module.__name__] is first.module
    assert [file.name for file in path.parent.iterdir()] == ["features.py"]


def test_a_file_that_fails_to_load_leaves_no_module(write: Callable[[str], Path]) -> None:
    before = set(sys.modules)
    with pytest.raises(SpecError, match="ZeroDivisionError"):
        load_code(write("1 / 0"))
    assert set(sys.modules) - before == set()


def test_dataclasses_and_postponed_annotations_work_in_it(write: Callable[[str], Path]) -> None:
    source = """\
        from __future__ import annotations
        from dataclasses import dataclass
        from typing import ClassVar
        @dataclass
        class Way: x: int; y: ClassVar[int] = 1
        INPUTS = ["a"]
        def features(rows, history): return rows
    """
    assert load_code(write(source)).module.Way(3).x == 3


def test_features_sees_the_inputs_and_nothing_else(code: Code, rows: pd.DataFrame) -> None:
    made = code(AS_IS).features(rows, {})
    assert list(made.columns) == ["a", "b"]
    assert list(made["b"]) == [1, 2, 3]
    assert list(made.index) == [0, 1, 2]


def test_an_outcome_cannot_leak_into_a_feature(code: Code, rows: pd.DataFrame) -> None:
    leaky = code("def features(rows, history): return rows[['late']]\n")
    with pytest.raises(SpecError, match=r"features.py:3: features\(\) failed with KeyError") as caught:
        leaky.features(rows, {})
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("rows[:2]", "got 3 rows and returned 2"),
        ("rows.sort_values('b', ascending=False)", r"in another order \(index 2, 1, 0\)"),
        ("rows['a']", "features must be a pandas DataFrame, not Series"),
        ("pd.concat([rows, rows], axis=1)", "has column 'a' twice"),
        ("rows.rename(columns={'a': '__a'})", "columns are words that do not start with __"),
    ],
)
def test_features_that_breaks_its_contract_is_refused(code: Code, rows: pd.DataFrame, body: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        code(f"def features(rows, history): return {body}\n").features(rows, {})


def test_rows_without_an_input_are_a_data_error(code: Code, rows: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no column 'a'; did you mean 'aa'"):
        code(AS_IS).features(rows.rename(columns={"a": "aa"}), {})


def test_the_code_cannot_change_the_rows_or_the_history_it_is_given(code: Code, rows: pd.DataFrame) -> None:
    vandal = code("""
        def features(rows, history):
            rows["b"] = 0
            history["t"]["n"] = 0
            history["t"].loc[0, "n"] = 5
            del history["t"]
            return rows
    """)
    history = {"t": pd.DataFrame({"n": [1]})}
    kept = rows.copy()
    vandal.features(rows, history)
    pd.testing.assert_frame_equal(rows, kept)
    assert list(history["t"]["n"]) == [1]


def test_errors_of_ours_and_a_full_memory_pass_through(code: Code, rows: pd.DataFrame) -> None:
    source = "from everfit.errors import NotEnoughData\ndef features(rows, history): raise {}\n"
    with pytest.raises(NotEnoughData, match="too few"):
        code(source.format("NotEnoughData('too few')")).features(rows, {})
    with pytest.raises(MemoryError, match="full"):
        code(source.format("MemoryError('full')")).features(rows, {})


def test_rows_are_the_main_table_unless_the_code_says_otherwise(code: Code, rows: pd.DataFrame) -> None:
    other = pd.DataFrame({"n": [1]})
    assert list(code(AS_IS).rows({"main": rows, "other": other})["b"]) == [1, 2, 3]
    joined = code(AS_IS + "def rows(tables): return tables['main'].assign(b=tables['other']['n'][0])\n")
    assert list(joined.rows({"main": rows, "other": other})["b"]) == [1, 1, 1]


def test_rows_must_make_every_input(code: Code, rows: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match=r"rows\(\) made no column 'b', which INPUTS asks for"):
        code(AS_IS).rows({"main": rows[["a"]]})


def test_history_is_optional_and_checked(code: Code, rows: pd.DataFrame) -> None:
    assert code(AS_IS).history(rows) == {}
    good = code(AS_IS + "def history(rows): return {'by_a': rows.groupby('a')[['b']].sum().reset_index()}\n")
    assert list(good.history(rows)["by_a"]["b"]) == [1, 2, 3]
    with pytest.raises(SpecError, match="must return a dict of DataFrames, not DataFrame"):
        code(AS_IS + "def history(rows): return rows\n").history(rows)
    with pytest.raises(SpecError, match=r"names a table '\.\./x'"):
        code(AS_IS + "def history(rows): return {'../x': rows}\n").history(rows)
    with pytest.raises(SpecError, match=r"history\(\)\['x'\] must be a pandas DataFrame, not int"):
        code(AS_IS + "def history(rows): return {'x': 3}\n").history(rows)
