"""What every store, landing place and data store must do: inherit, give the fixtures, and pytest runs the rest.

class TestMyStore(StoreConformance):
    @pytest.fixture
    def store(self): return MyStore(...)
"""
# ruff: noqa: S101, D102

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from everfit.errors import BatchChanged, Corrupted, DataError
from everfit.ledger.probe import probe
from everfit.ports import DataStore, Landing, Store
from everfit.values import Batch, FileHash, Seen, StoredFile, digest

Deliver = Callable[[str, bytes | None], None]


class StoreConformance:
    """A `Store`; wants the fixture `store`, empty."""

    def test_creates_once(self, store: Store) -> None:
        assert store.create("ledger/m/00000001.json", b"first")
        assert not store.create("ledger/m/00000001.json", b"second")
        assert store.read("ledger/m/00000001.json") == b"first"

    def test_lets_one_of_many_racers_create(self, store: Store) -> None:
        for round_ in range(3):
            with ThreadPoolExecutor(8) as pool:
                won = list(pool.map(lambda n, r=round_: store.create(f"race/{r}", bytes([n])), range(8)))
            assert sum(won) == 1
            assert store.read(f"race/{round_}") == bytes([won.index(True)])

    def test_keeps_its_word_to_the_probe(self, store: Store) -> None:
        probe(store)
        probe(store)

    def test_writes_over(self, store: Store) -> None:
        store.write("report.html", b"old")
        store.write("report.html", b"new")
        assert store.read("report.html") == b"new"
        assert not store.create("report.html", b"other")

    @pytest.mark.parametrize("data", [b"", b"\x00\r\n\xff", b"x" * 3_000_000], ids=["empty", "binary", "large"])
    def test_gives_back_the_very_bytes(self, store: Store, data: bytes) -> None:
        store.create("a/data", data)
        assert store.read("a/data") == data

    def test_says_what_is_missing(self, store: Store) -> None:
        assert not store.exists("a/b")
        with pytest.raises(FileNotFoundError, match="a/b"):
            store.read("a/b")
        with pytest.raises(FileNotFoundError, match="a/b"):
            store.local_file(StoredFile("a/b", "0" * 64))

    def test_lists_a_folder_and_no_other(self, store: Store) -> None:
        for key in ("a/2", "a/1", "a/deep/er/3", "ab/4", "c"):
            store.write(key, b"")
        assert store.list("a") == store.list("a/") == ["a/1", "a/2", "a/deep/er/3"]
        assert store.list("") == ["a/1", "a/2", "a/deep/er/3", "ab/4", "c"]
        assert store.list("nothing") == []
        assert store.exists("a/1")
        assert not store.exists("a")

    def test_deletes_one_key_and_no_other(self, store: Store) -> None:
        store.write("a/b", b"1")
        store.write("a/bc", b"2")
        store.delete("a/b")
        store.delete("a/b")
        store.delete("never/there")
        assert not store.exists("a/b")
        assert store.list("") == ["a/bc"]
        assert store.create("a/b", b"3")

    @pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.", ".a", "a\\b", "a\0b", "a\nb"])
    def test_refuses_an_unsafe_key(self, store: Store, key: str, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.write_bytes(b"x")
        for use in (
            lambda: store.create(key, b"x"),
            lambda: store.write(key, b"x"),
            lambda: store.read(key),
            lambda: store.exists(key),
            lambda: store.delete(key),
            lambda: store.put_file(key, source),
            lambda: store.local_file(StoredFile(key, "0" * 64)),
        ):
            with pytest.raises(DataError, match="cannot be a store key"):
                use()

    def test_keeps_a_copy_of_a_file(self, store: Store, tmp_path: Path) -> None:
        source = tmp_path / "table.parquet"
        source.write_bytes(b"rows")
        stored = store.put_file("staged/table.parquet", source)
        source.write_bytes(b"changed later")
        assert stored == StoredFile("staged/table.parquet", hashlib.sha256(b"rows").hexdigest())
        assert store.local_file(stored).read_bytes() == b"rows"
        assert store.local_file(stored).name == "table.parquet"

    def test_never_gives_out_other_bytes(self, store: Store, tmp_path: Path) -> None:
        source = tmp_path / "model"
        source.write_bytes(b"weights")
        stored = store.put_file("models/m", source)
        store.write("models/m", b"weightz")
        with pytest.raises(Corrupted, match=f"models/m has SHA-256 .* wanted {stored.sha256}"):
            store.local_file(stored)


class LandingConformance:
    """A `Landing`; wants the fixtures `landing`, empty, and `deliver(path, data)`, which removes if `data` is None."""

    @pytest.fixture
    def seen(self, landing: Landing, deliver: Deliver) -> list[Seen]:
        """Three files of one folder."""
        for name in ("b.csv", "a.csv", "_SUCCESS"):
            deliver(f"flights/2013-05/{name}", name.encode())
        return landing.look("flights", "folder")

    def test_sees_the_files_of_folders(self, landing: Landing, deliver: Deliver) -> None:
        assert landing.look("flights", "folder") == []
        for path in ("flights/2013-06/a.csv", "flights/2013-05/a.csv", "flights/2013-05/_SUCCESS", "flights/a.csv"):
            deliver(path, b"1234")
        deliver("others/2013-04/_SUCCESS", b"")
        seen = landing.look("flights", "folder")
        assert [(one.path, one.name, one.size) for one in seen] == [
            ("2013-05/_SUCCESS", "_SUCCESS", 4),
            ("2013-05/a.csv", "a.csv", 4),
            ("2013-06/a.csv", "a.csv", 4),
        ]
        assert landing.look("flights", "folder", "2013-06") == seen[2:]
        assert landing.look("flights", "folder", "2013-0") == []

    def test_sees_files_alone(self, landing: Landing, deliver: Deliver) -> None:
        assert landing.look("flights", "file") == []
        for path in ("flights/2013-06.csv", "flights/2013-05.csv", "flights/2013-05/a.csv", "flights/2013-05.csv.done"):
            deliver(path, b"1234")
        seen = landing.look("flights", "file")
        assert [(one.path, one.size) for one in seen] == [
            ("2013-05.csv", 4),
            ("2013-05.csv.done", 4),
            ("2013-06.csv", 4),
        ]
        assert landing.look("flights", "file", "2013-05.csv") == seen[:2]

    def test_ignores_what_is_hidden_or_deeper(self, landing: Landing, deliver: Deliver, seen: list[Seen]) -> None:
        for path in ("2013-05/.part", ".cache/_SUCCESS", "2013-05/deeper/c.csv"):
            deliver(f"flights/{path}", b"")
        assert landing.look("flights", "folder") == seen
        assert landing.look("flights", "file") == []

    def test_a_file_that_is_written_anew_has_another_tag(
        self, landing: Landing, deliver: Deliver, seen: list[Seen]
    ) -> None:
        assert landing.look("flights", "folder") == seen
        deliver("flights/2013-05/a.csv", b"A.csv")
        now = landing.look("flights", "folder")
        assert [one.path for one in now if one not in seen] == ["2013-05/a.csv"]

    def test_copies_and_hashes(self, landing: Landing, seen: list[Seen], tmp_path: Path) -> None:
        files = landing.fetch("flights", seen[1:], tmp_path / "into")
        wanted = [(name, hashlib.sha256(name.encode()).hexdigest(), len(name)) for name in ("a.csv", "b.csv")]
        assert [(file.name, file.sha256, file.size) for file in files] == wanted
        assert {path.name: path.read_bytes() for path in (tmp_path / "into").iterdir()} == {
            "a.csv": b"a.csv",
            "b.csv": b"b.csv",
        }

    @pytest.mark.parametrize("data", [b"A.csv", b"longer", None], ids=["rewritten", "longer", "removed"])
    def test_notices_a_change(
        self, landing: Landing, deliver: Deliver, seen: list[Seen], tmp_path: Path, data: bytes | None
    ) -> None:
        deliver("flights/2013-05/a.csv", data)
        with pytest.raises(BatchChanged, match=r"2013-05/a.csv was rewritten"):
            landing.fetch("flights", seen, tmp_path / "into")


class DataStoreConformance:
    """A `DataStore`; wants the fixture `data`, empty."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Three files, one of them empty."""
        folder = tmp_path / "folder"
        folder.mkdir()
        for name, content in {"flights.parquet": b"PAR1" * 1000, "planes.csv": b"a,b\n", "empty.csv": b""}.items():
            (folder / name).write_bytes(content)
        return folder

    def test_gives_back_what_was_committed(self, data: DataStore, folder: Path) -> None:
        batch = batch_of(folder, data.commit(folder, "2013-05"))
        kept = data.fetch(batch)
        assert _content(kept) == _content(folder)
        assert data.fetch(batch) == kept

    def test_commits_once(self, data: DataStore, folder: Path) -> None:
        before = _content(folder)
        assert data.commit(folder, "2013-05") == data.commit(folder, "2013-05")
        assert _content(folder) == before

    def test_tells_versions_apart(self, data: DataStore, folder: Path) -> None:
        first = batch_of(folder, data.commit(folder, "2013-05"))
        (folder / "planes.csv").write_bytes(b"corrected")
        second = batch_of(folder, data.commit(folder, "2013-05"))
        assert first.pointer != second.pointer
        assert (data.fetch(first) / "planes.csv").read_bytes() == b"a,b\n"
        assert (data.fetch(second) / "planes.csv").read_bytes() == b"corrected"

    def test_repairs_a_damaged_copy(self, data: DataStore, folder: Path) -> None:
        batch = batch_of(folder, data.commit(folder, "2013-05"))
        (data.fetch(batch) / "planes.csv").unlink()
        assert _content(data.fetch(batch)) == _content(folder)

    def test_deletes_what_no_other_batch_shares(self, data: DataStore, folder: Path) -> None:
        first = batch_of(folder, data.commit(folder, "2013-05"))
        (folder / "planes.csv").write_bytes(b"corrected")
        second = batch_of(folder, data.commit(folder, "2013-05"))
        data.delete(first, [second])
        data.delete(first, [second])
        with pytest.raises(Corrupted, match="batch 2013-05 is not in the DVC remote any more"):
            data.fetch(first)
        assert _content(data.fetch(second)) == _content(folder)

    def test_names_a_file_with_other_bytes(self, data: DataStore, folder: Path) -> None:
        pointer = data.commit(folder, "2013-05")
        (folder / "planes.csv").write_bytes(b"c,d\n")
        with pytest.raises(Corrupted, match=r"planes\.csv of batch 2013-05 has SHA-256"):
            data.fetch(batch_of(folder, pointer))

    def test_deletes_what_no_kept_batch_has(self, data: DataStore, folder: Path) -> None:
        first = batch_of(folder, data.commit(folder, "2013-05"))
        (folder / "planes.csv").write_bytes(b"corrected")
        second = batch_of(folder, data.commit(folder, "2013-05"))
        data.fetch(first)
        for _ in range(2):
            data.delete(first, keep=[second])
            assert _content(data.fetch(second)) == _content(folder)
            with pytest.raises(Corrupted, match=r"batch 2013-05 is not in the DVC remote any more"):
                data.fetch(first)

    def test_deletes_nothing_of_a_batch_that_is_kept_under_another_name(self, data: DataStore, folder: Path) -> None:
        mine = batch_of(folder, data.commit(folder, "mine-2013-05"))
        yours = batch_of(folder, data.commit(folder, "yours-2013-05"))
        data.delete(mine, keep=[yours])
        assert _content(data.fetch(yours)) == _content(folder)

    def test_a_deleted_batch_can_be_committed_again(self, data: DataStore, folder: Path) -> None:
        batch = batch_of(folder, data.commit(folder, "2013-05"))
        data.delete(batch, keep=[])
        assert data.commit(folder, "2013-05") == batch.pointer
        assert _content(data.fetch(batch)) == _content(folder)


def batch_of(folder: Path, pointer: str, partition: str = "2013-05") -> Batch:
    """The batch whose files are those of `folder`."""
    files = tuple(FileHash.of(path) for path in sorted(folder.iterdir()))
    return Batch(partition, 1, digest([[file.name, file.sha256] for file in files]), 0, files, pointer)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
