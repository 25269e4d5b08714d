"""Files are read whole or not at all."""

import gzip
import random
from pathlib import Path

import pytest

from everfit.errors import DataError, SpecError
from everfit.validation.read import read_table

NOISE = random.Random(1).randbytes(5_000)


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_parquet_and_csv_of_the_real_data(month: Path):
    flights, planes = read_table(month / "flights.parquet"), read_table(month / "planes.csv")

    assert flights.shape == (2_700, 19)
    assert str(flights["time_hour"].dtype).endswith("UTC]")
    assert planes.shape == (3_322, 9)
    assert planes["speed"].isna().sum() == 3_299
    assert planes.dtypes[["year", "seats"]].astype(str).tolist() == ["float64", "int64"]


def test_gzipped_csv_reads_like_csv(month: Path, tmp_path: Path):
    plain = (month / "planes.csv").read_bytes()

    assert read_table(write(tmp_path, "planes.csv.gz", gzip.compress(plain))).equals(read_table(month / "planes.csv"))


def test_json_lines(tmp_path: Path):
    frame = read_table(write(tmp_path, "x.jsonl", b'{"a": 1, "b": "x"}\n{"a": 2.5}\n'))

    assert frame["a"].tolist() == [1, 2.5]
    assert frame["b"].isna().tolist() == [False, True]


def test_a_copy_under_another_name_is_read_by_the_name_it_was_delivered_under(month: Path, tmp_path: Path):
    copy = write(tmp_path, "5c61aa", (month / "airports.csv").read_bytes())

    assert len(read_table(copy, "airports.csv")) == 1_458


def test_a_column_of_numbers_may_get_fractions_late_in_a_large_file(tmp_path: Path):
    frame = read_table(write(tmp_path, "x.csv", b"a\n" + b"1\n" * 2_000_000 + b"1.5\n"))

    assert frame["a"].iloc[-1] == 1.5


def test_a_column_without_values_is_a_column_of_numbers(tmp_path: Path):
    assert read_table(write(tmp_path, "x.csv", b"a,b\n1,\n2,NA\n"))["b"].dtype == "float64"


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.csv.gz", "x.jsonl"])
def test_noise_is_refused(tmp_path: Path, name: str):
    with pytest.raises(DataError, match=f"{name} cannot be read: "):
        read_table(write(tmp_path, name, NOISE))


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.csv.gz", "x.jsonl"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str):
    with pytest.raises(DataError, match=rf"{name} is empty \(0 bytes\)"):
        read_table(write(tmp_path, name, b""))


@pytest.mark.parametrize("part", [0.3, 0.7, 0.99])
@pytest.mark.parametrize("name", ["flights.parquet", "planes.csv", "planes.csv.gz"])
def test_a_file_that_was_cut_off_is_refused(month: Path, tmp_path: Path, name: str, part: float):
    data = (month / name.removesuffix(".gz")).read_bytes()
    data = gzip.compress(data) if name.endswith(".gz") else data
    data = data[: int(len(data) * part)]

    with pytest.raises(DataError, match=f"{name} cannot be read: "):
        read_table(write(tmp_path, name, data.rsplit(b",", 1)[0] if name == "planes.csv" else data))


def test_json_lines_that_were_cut_off_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="cannot be read: JSON parse error"):
        read_table(write(tmp_path, "x.jsonl", b'{"a": 1}\n{"a": 2, "b'))


def test_damage_in_the_middle_of_a_parquet_file_is_refused(month: Path, tmp_path: Path):
    data = (month / "flights.parquet").read_bytes()

    with pytest.raises(DataError, match=r"flights\.parquet cannot be read: "):
        read_table(write(tmp_path, "flights.parquet", data[:1_000] + NOISE + data[6_000:]))


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="more than one column 'a'"):
        read_table(write(tmp_path, "x.csv", b"a,b,a\n1,2,3\n"))


def test_another_kind_of_file_is_a_mistake_in_the_spec(tmp_path: Path):
    with pytest.raises(SpecError, match=r"cannot read 'x\.xlsx'; a table is a file that ends in \.parquet"):
        read_table(write(tmp_path, "x.xlsx", b"PK"))
