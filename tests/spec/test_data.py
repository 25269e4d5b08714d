"""What a spec may say about arrival, and what is said to whoever writes something else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.errors import SpecError
from everfit.spec import DataSpec, Manifest, Marker, Unchanged, load_spec

Change = Callable[[str, str], Path]
ITEMS = "    items: {file: items.parquet, expectations: expectations/stock.json}\n"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("_DONE", Marker(marker="_DONE")),
        ("{marker: _DONE}", Marker(marker="_DONE")),
        ("{manifest: manifest.json}", Manifest(manifest="manifest.json")),
        ("{unchanged_for: 90}", Unchanged(unchanged_for=90)),
    ],
)
def test_the_ways_to_be_complete(change: Change, written: str, meant: object) -> None:
    models = change("  landing: shop\n", f"  landing: shop\n  complete_when: {written}\n")
    spec = load_spec("shop", models)
    assert spec.data.complete_when == meant
    assert DataSpec.model_validate_json(spec.data.model_dump_json()) == spec.data


def test_a_file_can_be_a_batch(change: Change) -> None:
    change(ITEMS, "")
    change("visits.csv", '"visits-*.csv"')
    spec = load_spec("shop", change("  landing: shop\n", "  landing: shop\n  each: file\n  complete_when: '*.done'\n"))
    assert [spec.data.partition_of(name) for name in ("visits-1.csv", "visits.csv", "visits-1.csv.done")] == [
        "1",
        None,
        None,
    ]


WRONG = [
    ("complete_when:", "complete_when: found nothing, wanted the name of a marker file"),
    ("complete_when: done/_SUCCESS", "the name of a file, no folder and no dot before it"),
    ("complete_when: .hidden", "complete_when: found '.hidden', wanted text like"),
    ("complete_when: {manifest: a/b}", "complete_when.manifest: found 'a/b', wanted text like"),
    ("complete_when: {unchanged_for: 0}", "complete_when.unchanged_for: found 0, wanted at least 1"),
    ("complete_when: {unchanged: 30}", "complete_when: found {'unchanged': 30}, wanted the name of a marker file, or"),
    ("complete_when: {marker: a, manifest: b}", "wanted the name of a marker file, or one of {marker: NAME}"),
    ("complete_when: '*.done'", "complete_when: found '*.done', wanted a name without *; that is for each: file"),
    ("each: files", "each: found 'files'; did you mean 'file'?"),
    ("counts_when: {row: 5}", "counts_when.row: there is no such key; did you mean 'rows'?"),
    ("counts_when: {rows: 0}", "counts_when.rows: found 0, wanted at least 1"),
    ("wake: {by: event}", "wake.by: found 'event'"),
    ("wake: {by: queue}", "wake.queue: found no URL with by: queue; wanted one with by: queue only"),
    ("wake: {queue: 'http://q/1/q'}", "wake.queue: found 'http://q/1/q' with by: look; wanted one with by: queue only"),
    ("wake: {by: watch, sweep: often}", "wake.sweep: found 'often', wanted five fields"),
]


@pytest.mark.parametrize(("written", "said"), WRONG)
def test_a_mistake_is_named_with_its_line(change: Change, written: str, said: str) -> None:
    models = change("  landing: shop\n", f"  landing: shop\n  {written}\n")
    with pytest.raises(SpecError, match=rf"model\.yaml:\d+: .*{re.escape(said)}"):
        load_spec("shop", models)


def test_what_a_batch_of_one_file_cannot_have(change: Change) -> None:
    models = change("  landing: shop\n", "  landing: shop\n  each: file\n  counts_when: {files: 2}\n")
    with pytest.raises(SpecError) as caught:
        load_spec("shop", models)
    for said in (
        "tables: found 2, wanted one; with each: file a batch is one file",
        "complete_when: found '_SUCCESS', wanted a name with one * for the delivered file's, like '*.done'",
        "counts_when.files: found 2, wanted 1; with each: file a batch is one file",
    ):
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("file", "mark", "said"),
    [
        ("visits.csv", "*.done", "tables.visits.file: found 'visits.csv', wanted one * in it"),
        ("*-*.csv", "*.done", "tables.visits.file: found '*-*.csv', wanted one * in it"),
        ("*.csv", "*.csv", "complete_when: found '*.csv', wanted a name with one *"),
    ],
)
def test_names_of_a_batch_of_one_file(file: str, mark: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        DataSpec(landing="shop", each="file", tables={"visits": {"file": file}}, complete_when=mark)


@given(st.sets(st.text("abc-.", min_size=1, max_size=6).map(lambda name: f"{name}.csv"), max_size=8))
def test_each_file_is_a_part_of_what_names_it_or_extra(names: set[str]) -> None:
    data = DataSpec(landing="shop", tables={"a": {"file": "a*.csv"}, "ab": {"file": "ab.csv"}})
    parts = data.parts(names)
    assert {*parts["a"], *parts["ab"], *data.unnamed(names)} == names
    assert parts["ab"] == (("ab.csv",) if "ab.csv" in names else ())
    assert list(parts["a"]) == sorted(name for name in names if name.startswith("a") and name != "ab.csv")
