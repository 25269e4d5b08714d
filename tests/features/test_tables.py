"""History tables come back as they were put away, and equal ones have equal bytes."""

from pathlib import Path

import pandas as pd
import pytest

from everfit.errors import Corrupted, SpecError
from everfit.features import pack, read_tables, unpack, write_tables


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return {
        "carrier": pd.DataFrame({"carrier": ["AA", None], "late": [0.25, None], "n": [3, 4]}),
        "slot": pd.DataFrame({"hour": [6.0, 7.0], "kind": pd.Categorical(["x", "y"])}, index=[4, 2]),
        "empty": pd.DataFrame({"carrier": pd.Series([], dtype="str"), "n": pd.Series([], dtype="float64")}),
    }


def test_tables_come_back_from_the_store_as_they_were(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    write_tables(tables, tmp_path / "a")
    pack(tmp_path / "a", tmp_path / "a.tar")
    unpack(tmp_path / "a.tar", tmp_path / "b")
    found = read_tables(tmp_path / "b")
    assert sorted(found) == ["carrier", "empty", "slot"]
    for name, table in tables.items():
        pd.testing.assert_frame_equal(found[name], table)


def test_equal_tables_are_packed_into_equal_bytes(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_tables({n: t.copy() for n, t in tables.items()}, tmp_path / name)
        pack(tmp_path / name, tmp_path / f"{name}.tar")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_no_tables_are_fine(tmp_path: Path) -> None:
    write_tables({}, tmp_path / "a")
    pack(tmp_path / "a", tmp_path / "a.tar")
    unpack(tmp_path / "a.tar", tmp_path / "b")
    assert read_tables(tmp_path / "b") == read_tables(tmp_path / "nowhere") == {}


def test_a_table_that_parquet_cannot_hold_is_a_wrong_spec(tmp_path: Path) -> None:
    odd = pd.DataFrame({"x": pd.Series([{1}, "a"], dtype=object)})
    with pytest.raises(SpecError, match="history table 'odd' cannot be saved"):
        write_tables({"odd": odd}, tmp_path)


def test_damaged_files_are_reported(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(Corrupted, match="a history table in"):
        read_tables(tmp_path)
    (tmp_path / "x.tar").write_bytes(b"no tar at all" * 100)
    with pytest.raises(Corrupted, match="is not a packed history"):
        unpack(tmp_path / "x.tar", tmp_path / "out")


def test_a_packed_file_cannot_reach_outside_its_folder(tmp_path: Path) -> None:
    import tarfile

    (tmp_path / "evil").write_text("x")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.add(tmp_path / "evil", arcname="../escaped")
    with pytest.raises(Corrupted, match="is not a packed history"):
        unpack(tmp_path / "x.tar", tmp_path / "out")
    assert not (tmp_path / "escaped").exists()
