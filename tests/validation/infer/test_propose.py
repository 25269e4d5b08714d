"""What some batches teach about a table, and the law that they pass what they taught, with GX itself."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everfit.validation import gx
from everfit.validation.infer.profile import Profile, profile
from everfit.validation.infer.propose import Evidence, propose
from everfit.validation.infer.text import first
from everfit.validation.read import read_table
from everfit.validation.stream import Part
from everfit.validation.suites import load_suite
from tools.land_flights import MONTHS, land


def learn(folder: Path, *frames: pd.DataFrame, kind: str = "parquet") -> Evidence:
    found: list[Profile] = []
    for place, frame in enumerate(frames):
        path = folder / f"{place}.{kind}"
        frame.to_parquet(path, index=False) if kind == "parquet" else frame.to_csv(path, index=False)
        found.append(profile(f"b{place}", [Part(path.name, path)], found[-1].keys if found else None))
    return Evidence(found)


def asked(evidence: Evidence, column: str | None = None) -> dict[str, dict]:
    short = "expect_column_values_to_"
    return {
        one.kind.removeprefix(short): {key: value for key, value in one.kwargs.items() if key != "column"}
        for one in propose(evidence)
        if column is None or one.column == column
    }


def numbers(*values: object) -> pd.DataFrame:
    return pd.DataFrame({"x": list(values)})


def test_columns_that_every_batch_has_are_asked_for(tmp_path):
    both = pd.DataFrame({"a": [1, 2], "b": [1, 2]})
    assert asked(learn(tmp_path, both, both.assign(c=1)))["expect_table_columns_to_match_set"] == {
        "column_set": ["a", "b"],
        "exact_match": False,
    }
    exact = asked(learn(tmp_path, both, both[["b", "a"]]))["expect_table_columns_to_match_set"]
    assert exact == {"column_set": ["a", "b"], "exact_match": True}


@pytest.mark.parametrize(
    ("batches", "wanted"),
    [
        ([[1, 5, 9], [0, 5, 9], [2, 5, 9]], {"min_value": 0, "max_value": 9}),  # an edge that three batches share
        ([[7, 7], [7, 7]], None),  # a constant: the year, until it is over
        ([[1, 2], [3, 4], [5, 6]], None),  # a counter
        ([[1.0, float("inf")]], None),
        ([[None, None]], None),
    ],
)
def test_ranges(tmp_path, batches, wanted):
    evidence = learn(tmp_path, *(numbers(*map(float, v)) if None not in v else numbers(*v) for v in batches))
    assert asked(evidence, "x").get("be_between") == wanted


def test_severities_say_what_stops_a_batch(tmp_path):
    frame = pd.DataFrame({"id": range(100), "measured": [i / 3 for i in range(100)], "kind": ["a", "b"] * 50})
    severities = {(one.column, one.kind.rpartition("_to_")[2]): one.severity for one in propose(learn(tmp_path, frame))}
    assert severities == {
        (None, "match_set"): "critical",
        (None, "be_between"): "warning",
        ("id", "be_unique"): "critical",
        ("id", "not_be_null"): "critical",
        ("id", "be_in_type_list"): "critical",
        ("id", "be_between"): "warning",
        ("measured", "not_be_null"): "warning",
        ("measured", "be_in_type_list"): "critical",
        ("measured", "be_between"): "warning",
        ("kind", "not_be_null"): "critical",
        ("kind", "be_in_type_list"): "critical",
        ("kind", "be_in_set"): "warning",
    }


def test_each_says_what_it_was_learnt_from(tmp_path):
    said = [one.description for one in propose(learn(tmp_path, numbers(1, 2), numbers(3, 1)))]
    assert all(words.endswith("; learnt from 4 rows of 2 batches") for words in said)
    assert "a value in every row; learnt from 4 rows of 2 batches" in said


def test_a_set_is_closed_if_every_batch_knows_its_members(tmp_path):
    def kinds(*values: str) -> pd.DataFrame:
        return pd.DataFrame({"x": list(values) * 5})

    assert asked(learn(tmp_path, kinds("a", "b"), kinds("b", "a")), "x")["be_in_set"] == {"value_set": ["a", "b"]}
    assert "be_in_set" not in asked(learn(tmp_path, kinds("a", "b"), kinds("b", "a", "c")), "x")
    assert "be_in_set" not in asked(learn(tmp_path, kinds("a", "a")), "x")


def test_times_have_a_lower_bound_that_knows_whether_they_have_a_zone(tmp_path):
    times = pd.Series(pd.to_datetime(["2013-03-01", "2013-04-01"]))
    frame = pd.DataFrame({"utc": times.dt.tz_localize("UTC"), "local": times})
    evidence = learn(tmp_path, frame)
    assert asked(evidence, "utc")["be_between"] == {"min_value": "2012-01-01T00:00:00+00:00"}
    assert asked(evidence, "local")["be_between"] == {"min_value": "2012-01-01T00:00:00"}


def test_times_that_never_change_places_are_expected_in_order(tmp_path):
    start = pd.Series(pd.to_datetime(["2013-03-01", "2013-04-01"]))
    frame = pd.DataFrame({"end": start + pd.Timedelta(hours=1), "start": start})
    pair = asked(learn(tmp_path, frame))["expect_column_pair_values_a_to_be_greater_than_b"]
    assert (pair["column_A"], pair["column_B"]) == ("end", "start")
    mixed = frame.assign(end=[start[0], start[0]])
    assert "expect_column_pair_values_a_to_be_greater_than_b" not in asked(learn(tmp_path, frame, mixed))


def test_the_key_of_the_flights_is_found(tmp_path):
    """A carrier's flight number starts once an hour (R for Data Science, 2nd edition, section 19.2.1)."""
    seen: list[Profile] = []
    for folder in land(tmp_path, MONTHS[:2]):
        part = Part("flights.parquet", folder / "flights.parquet")
        seen.append(profile(folder.name, [part], seen[-1].keys if seen else None))
    found = asked(Evidence(seen))
    assert found["expect_compound_columns_to_be_unique"]["column_list"] == ["carrier", "flight", "time_hour"]


cell = {
    "whole": st.integers(-(10**6), 10**6),
    "part": st.floats(-1e6, 1e6).map(lambda x: round(x, 4)) | st.none(),
    "kind": st.sampled_from(["EWR", "JFK", "LGA"]) | st.none(),
    "text": st.text("AB12- x", max_size=6),
    "when": st.datetimes(pd.Timestamp("2000-01-01"), pd.Timestamp("2030-01-01")) | st.none(),
    "truth": st.booleans(),
}
rows = st.lists(st.fixed_dictionaries(cell), min_size=1, max_size=25)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, min_size=1, max_size=3))
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_every_batch_passes_what_it_taught(tmp_path, kind, batches):
    frames = [pd.DataFrame(batch).astype({"when": "datetime64[us]", "part": "float64"}) for batch in batches]
    path = tmp_path / "suite.json"
    path.write_text(first("t", propose(learn(tmp_path, *frames, kind=kind))))
    for place in range(len(frames)):
        checks = gx.run(load_suite(path), "t", read_table(tmp_path / f"{place}.{kind}"))
        assert [(c.column, c.wanted, c.found) for c in checks if not c.passed] == []
