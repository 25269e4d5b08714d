"""Rows found by a key, and files without them: what stays, stays as it was delivered."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.errors import EverfitError
from everfit.validation.erasing import Wanted, columns, count, without
from everfit.validation.formats import Part
from everfit.validation.read import read_table

CSV = 'id,name,note\r\n7,Ann,"says ""hi"",\nand leaves"\r\n8,"Bob",\r\n7.0,Cid,x\r\n77,Dan,7\r\n'
JSONL = '{"id": 7, "name": "Ann"}\n{"name": "Bob\u2028b",   "id": "8"}\n{"id": 7.0}\n{"id": null}\n{"other": 7}\n'
SEVEN = Wanted.of("id", ["7"])


@pytest.fixture
def file(tmp_path: Path):
    def write(name: str, data: bytes | str) -> Part:
        path = tmp_path / "delivered" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return Part(name, path)

    (tmp_path / "into").mkdir()
    return write


def test_csv_records_keep_their_text(file, tmp_path: Path) -> None:
    part = file("people.csv", CSV)
    assert (count(part, SEVEN), columns(part)) == (2, ["id", "name", "note"])
    assert without(part, SEVEN, tmp_path / "into" / "people.csv") == 2
    assert (tmp_path / "into" / "people.csv").read_bytes() == b'id,name,note\r\n8,"Bob",\r\n77,Dan,7\r\n'


def test_a_quote_within_a_field_is_only_a_quote(file, tmp_path: Path) -> None:
    part = file("pipes.csv", 'id,name\n7,5" pipe\n8,6" pipe\n9,x')
    assert without(part, SEVEN, tmp_path / "into" / "pipes.csv") == 2
    assert (tmp_path / "into" / "pipes.csv").read_text() == 'id,name\n8,6" pipe\n9,x'


def test_gzipped_csv_is_the_same_text_and_equal_bytes_each_time(file, tmp_path: Path) -> None:
    part = file("people.csv.gz", gzip.compress(CSV.encode()))
    assert count(part, SEVEN) == 2
    assert without(part, SEVEN, tmp_path / "into" / "people.csv.gz") == 2
    first = (tmp_path / "into" / "people.csv.gz").read_bytes()
    without(part, SEVEN, tmp_path / "into" / "people.csv.gz")
    assert (tmp_path / "into" / "people.csv.gz").read_bytes() == first
    assert gzip.decompress(first) == b'id,name,note\r\n8,"Bob",\r\n77,Dan,7\r\n'


def test_json_lines_keep_their_text(file, tmp_path: Path) -> None:
    part = file("people.jsonl", JSONL)
    assert (count(part, SEVEN), columns(part)) == (2, ["id", "name", "other"])
    assert without(part, SEVEN, tmp_path / "into" / "people.jsonl") == 3
    kept = [line for line in JSONL.splitlines(keepends=True) if '"id": 7' not in line]
    assert (tmp_path / "into" / "people.jsonl").read_text() == "".join(kept)


def test_parquet_keeps_schema_metadata_and_row_groups(file, tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(
        {"id": pyarrow.array([7, None, 8, 7, 9, 10], pyarrow.int16()), "name": pyarrow.array(list("abcdef"))}
    ).replace_schema_metadata({"made": "here"})
    part, into = file("people.parquet", b""), tmp_path / "into" / "people.parquet"
    parquet.write_table(table, part.path, row_group_size=2, compression="zstd")
    assert (count(part, SEVEN), columns(part)) == (2, ["id", "name"])
    assert without(part, SEVEN, into) == 4
    first = into.read_bytes()
    without(part, SEVEN, into)
    with parquet.ParquetFile(into) as made:
        assert made.schema_arrow.equals(table.schema, check_metadata=True)
        assert made.metadata.num_row_groups == 3
        assert made.metadata.row_group(0).column(0).compression == "ZSTD"
        assert made.read().column("name").to_pylist() == ["b", "c", "e", "f"]
    assert into.read_bytes() == first


def test_a_file_without_the_column_or_without_hits_stays_whole(file, tmp_path: Path) -> None:
    part, into = file("people.csv", CSV), tmp_path / "into" / "people.csv"
    for wanted in (Wanted.of("nothing", ["7"]), Wanted.of("id", ["5"]), Wanted.of("id", ["", "  "])):
        assert count(part, wanted) == 0
        without(part, wanted, into)
        assert into.read_bytes() == part.path.read_bytes()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("people.parquet", b"PAR1 torn", "people.parquet cannot be read"),
        ("people.csv.gz", b"\x1f\x8b torn", "people.csv.gz cannot be read"),
        ("people.csv", b'id\n"open', "a quote is opened and never closed"),
        ("people.csv", b"", "people.csv is empty"),
        ("people.jsonl", b"{", "people.jsonl cannot be read"),
        ("people.jsonl", b"[7]", "a line is no JSON object"),
        ("people.txt", b"", "everfit cannot read 'people.txt'"),
    ],
)
def test_what_cannot_be_read_is_said(file, name: str, data: bytes, said: str) -> None:
    with pytest.raises(EverfitError, match=said):
        count(file(name, data), SEVEN)


def test_a_number_has_lost_the_zeros_of_its_key(file) -> None:
    part = file("people.parquet", b"")
    pd.DataFrame({"id": [7, 70, 8]}).to_parquet(part.path, index=False)
    assert count(part, Wanted.of("id", ["007"])) == 1
    assert count(file("people.csv", "id\n007\n7\n"), Wanted.of("id", ["007"])) == 1


def test_keys_are_not_shown() -> None:
    assert repr(Wanted.of("card", ["4111-1111"])) == "Wanted('card', 1 keys)"


ROWS = st.lists(
    st.tuples(st.sampled_from(["7", "8", "9", ""]), st.text('ab,"\n\r 7', max_size=6)), min_size=1, max_size=12
)


@given(ROWS, st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=150, deadline=None)
def test_what_is_left_reads_as_the_rows_that_were_not_meant(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    frame = pd.DataFrame(rows, columns=["id", "note"]).assign(n=range(len(rows)))
    frame.to_csv(folder / "people.csv", index=False, lineterminator=end, quoting=csv.QUOTE_NONNUMERIC)
    (folder / "into").mkdir()
    left = without(Part("people.csv", folder / "people.csv"), SEVEN, folder / "into" / "people.csv")
    wanted = frame[frame["id"] != "7"]
    assert left == len(wanted) == len(frame) - count(Part("people.csv", folder / "people.csv"), SEVEN)
    if left:
        assert read_table(folder / "into" / "people.csv")["n"].tolist() == wanted["n"].tolist()
    lines = [json.dumps({"id": key, "note": note}) + end for key, note in rows]
    (folder / "people.jsonl").write_bytes("".join(lines).encode())
    assert without(Part("people.jsonl", folder / "people.jsonl"), SEVEN, folder / "into" / "people.jsonl") == len(
        wanted
    )
