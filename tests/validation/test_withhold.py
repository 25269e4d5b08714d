"""Bad rows are taken out and kept with their reasons; what is left is as it was delivered."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from everfit.errors import DataError, SpecError
from everfit.validation import gx
from everfit.validation.ask import ask
from everfit.validation.stream import Part
from everfit.validation.suites import load_suite
from everfit.validation.withhold import withhold

CSV = b'a,b\n1,"x\ny"\n200,x\n\n3,"he said ""hi"""\n,x\n4,x'
BETWEEN = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "a", "min_value": 0, "max_value": 99}}
NOT_NULL = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "a"}}
TWICE = {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "a"}}
QUARANTINE = {"meta": {"on_failure": "quarantine_rows"}}


def suite(folder: Path, *expectations: dict):
    path = folder / "t.json"
    path.write_text(json.dumps({"expectations": [one | QUARANTINE for one in expectations]}))
    return load_suite(path)


def put(folder: Path, name: str, data: bytes | pa.Table) -> Part:
    path = folder / name
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        parquet.write_table(data, path, row_group_size=2, compression="zstd")
    return Part(name, path)


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
def test_the_records_of_a_csv_file_stay_as_they_were(tmp_path: Path, name: str):
    part = put(tmp_path, name, gzip.compress(CSV) if name.endswith("gz") else CSV)
    answer = ask(suite(tmp_path, BETWEEN, NOT_NULL), "t", [part])
    done = withhold("t", [part], answer, 0.4, tmp_path / "out")

    kept = done.kept[name].read_bytes()
    assert (gzip.decompress(kept) if name.endswith("gz") else kept) == b'a,b\n1,"x\ny"\n3,"he said ""hi"""\n4,x'
    assert (done.rows, done.of, done.checks[0].found) == (2, 5, "2 of 5 (40%)")
    assert done.checks[0].passed
    assert done.bad is not None
    assert parquet.read_table(done.bad).to_pydict() == {
        "a": [200, None],
        "b": ["x", "x"],
        "everfit_reason": ["a: wanted between 0 and 99", "a: wanted a value in every row"],
    }
    assert withhold("t", [part], answer, 0.4, tmp_path / "again").kept[name].read_bytes() == kept
    assert [check.severity for check in answer.checks] == ["quarantine", "quarantine"]


def test_json_lines_and_several_reasons(tmp_path: Path):
    part = put(tmp_path, "x.jsonl", b'{"a": 500}\n{"a": 1,  "b": 2}\n{"a": 500}\n')
    done = withhold("t", [part], ask(suite(tmp_path, BETWEEN, TWICE), "t", [part]), 1.0, tmp_path / "out")

    assert done.kept["x.jsonl"].read_bytes() == b'{"a": 1,  "b": 2}\n'
    assert done.bad is not None
    assert (
        parquet.read_table(done.bad)["everfit_reason"].to_pylist()
        == ["a: wanted between 0 and 99; a: wanted no value twice"] * 2
    )


def test_parquet_keeps_schema_and_packing(tmp_path: Path):
    table = pa.table({"a": pa.array([1, 200, 3, 4, 300], pa.int16()), "b": pa.array(list("xyzzy")).dictionary_encode()})
    parts = [put(tmp_path, "1.parquet", table), put(tmp_path, "2.parquet", table.slice(2))]
    done = withhold("t", parts, ask(suite(tmp_path, BETWEEN), "t", parts), 0.5, tmp_path / "out")

    kept = [parquet.ParquetFile(done.kept[part.name]) for part in parts]
    assert [file.read().column("a").to_pylist() for file in kept] == [[1, 3, 4], [3, 4]]
    assert kept[0].schema_arrow.equals(parquet.ParquetFile(parts[0].path).schema_arrow, check_metadata=True)
    assert kept[0].metadata.row_group(0).column(0).compression == "ZSTD"
    assert done.bad is not None
    assert parquet.read_table(done.bad)["a"].to_pylist() == [200, 300, 300]
    again = withhold("t", parts, ask(suite(tmp_path, BETWEEN), "t", parts), 0.5, tmp_path / "again")
    assert [again.kept[part.name].read_bytes() for part in parts] == [done.kept[p.name].read_bytes() for p in parts]


@pytest.mark.parametrize(
    ("at_most", "wanted", "found"),
    [
        (0.5, "at most 50% of the rows withheld", "3 of 3 (100%)"),
        (1.0, "rows left after bad ones are withheld", "all 3 bad"),
    ],
)
def test_too_many_bad_rows_stop_the_batch(tmp_path: Path, at_most: float, wanted: str, found: str):
    part = put(tmp_path, "x.csv", b"a\n100\n200\n300\n")
    done = withhold("t", [part], ask(suite(tmp_path, BETWEEN), "t", [part]), at_most, tmp_path / "out")

    (check,) = done.checks
    assert (check.wanted, check.found, check.passed, check.severity) == (wanted, found, False, "critical")
    assert (done.kept, done.bad) == ({}, None)
    assert not (tmp_path / "out").exists()


def test_nothing_bad_writes_nothing(tmp_path: Path):
    part = put(tmp_path, "x.csv", b"a\n1\n")

    assert withhold("t", [part], ask(suite(tmp_path, BETWEEN), "t", [part]), 0, tmp_path / "out").rows == 0


def test_rows_that_only_gx_can_name(tmp_path: Path):
    odd = BETWEEN | {"kwargs": BETWEEN["kwargs"] | {"row_condition": "b == 1", "condition_parser": "pandas"}}
    parts = [put(tmp_path, "1.csv", b"a,b\n500,1\n500,2\n"), put(tmp_path, "2.csv", b"a,b\n5,1\n700,1\n")]
    answer = ask(suite(tmp_path, odd), "t", parts)
    done = withhold("t", parts, answer, 0.5, tmp_path / "out")

    assert [done.kept[part.name].read_bytes() for part in parts] == [b"a,b\n500,2\n", b"a,b\n5,1\n"]


def test_a_failure_without_rows_to_name_stops_the_batch(tmp_path: Path):
    part = put(tmp_path, "x.csv", b"b\n1\n")
    (check,) = ask(suite(tmp_path, BETWEEN), "t", [part]).checks

    assert (check.severity, check.passed, check.found) == ("critical", False, "no such column")


def test_a_quote_within_a_field_ends_no_record(tmp_path: Path):
    part = put(tmp_path, "x.csv", b'a,b\n1,x"\n2,x"\n300,x\n')
    done = withhold("t", [part], ask(suite(tmp_path, BETWEEN), "t", [part]), 0.5, tmp_path / "out")

    assert done.kept["x.csv"].read_bytes() == b'a,b\n1,x"\n2,x"\n'


def test_a_column_with_our_name_is_refused(tmp_path: Path):
    part = put(tmp_path, "x.csv", b"a,everfit_reason\n1,x\n300,x\n")

    with pytest.raises(DataError, match="has a column 'everfit_reason'"):
        withhold("t", [part], ask(suite(tmp_path, BETWEEN), "t", [part]), 0.5, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "expect_table_row_count_to_equal", "kwargs": {"value": 1}}, "needs an expectation on single rows"),
        ({"type": "expect_column_median_to_be_between", "kwargs": {"column": "a", "min_value": 1}}, "on single rows"),
        ({"kwargs": BETWEEN["kwargs"] | {"mostly": 0.9}}, "mostly does not go with on_failure"),
        ({"severity": "warning"}, "severity 'warning' does not go with on_failure"),
        ({"meta": {"on_failure": "quarantine_row"}}, "did you mean 'quarantine_rows'"),
        ({"meta": []}, None),
        ({"meta": 1}, "meta must be an object"),
    ],
)
def test_what_cannot_be_quarantined_is_a_mistake_in_the_suite(tmp_path: Path, change: dict, message: str | None):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"expectations": [BETWEEN, BETWEEN | QUARANTINE | change]}))
    if message is None:
        assert load_suite(path).expectations[1].severity == "critical"
        return
    with pytest.raises(SpecError, match=rf"expectation 2 \(.*{message}"):
        gx.check_suite(load_suite(path))
