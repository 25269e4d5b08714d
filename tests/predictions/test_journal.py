from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from everfit.errors import Unreachable
from everfit.predictions.journal import Journal

PLENTY = 1 << 20


def shipped(journal: Journal) -> list[bytes]:
    found: list[bytes] = []
    journal.seal()
    journal.ship(found.append)
    return b"".join(found).splitlines()


def test_lines_of_many_threads_come_out_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", PLENTY)
    lines = [f"{n:04d}".encode() * 20 for n in range(400)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda line: journal.add(line + b"\n"), lines))
    assert journal.size == journal.written == 400 * 81
    assert sorted(shipped(journal)) == lines
    assert (journal.size, shipped(journal)) == (0, [])


def test_what_could_not_be_delivered_waits(tmp_path: Path) -> None:
    journal = Journal(tmp_path, PLENTY)
    journal.add(b"one\n")
    journal.seal()

    def away(_: bytes) -> None:
        raise Unreachable("the store does not answer")

    for _ in range(2):
        with pytest.raises(Unreachable, match="does not answer"):
            journal.ship(away)
    assert journal.size == 4
    journal.add(b"two\n")
    assert shipped(journal) == [b"one", b"two"]


def test_no_more_than_there_is_room_for(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 100)
    assert [journal.add(b"x" * 39 + b"\n") for _ in range(3)] == [True, True, False]
    journal.seal()
    assert [journal.add(b"x" * 39 + b"\n"), journal.add(b"x" * 19 + b"\n")] == [False, True]
    assert Journal(tmp_path, 100).add(b"x" * 39 + b"\n") is False
    assert len(shipped(journal)) == 3
    assert journal.add(b"x" * 39 + b"\n")


def test_a_full_disk_takes_whole_lines_only(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: like a full one, it takes the first part of a write."""
    program = f"""
import resource, signal
from pathlib import Path
from everfit.predictions.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path({str(tmp_path)!r}), 1 << 20)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
print([journal.add(b"x" * 39 + b"\\n") for _ in range(4)], journal.add(b"short\\n"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[True, True, False, False] True\n"
    assert shipped(Journal(tmp_path, PLENTY)) == [b"x" * 39, b"x" * 39, b"short"]


def test_a_folder_that_cannot_be_written_takes_nothing_until_it_can(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("no folder")
    journal = Journal(tmp_path / "journal", PLENTY)
    assert journal.add(b"lost\n") is False
    journal.sync()
    assert shipped(journal) == []
    (tmp_path / "journal").unlink()
    journal.seal()
    assert journal.add(b"kept\n")
    assert shipped(journal) == [b"kept"]


def test_another_processs_file_is_left_to_it_while_it_lives(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from everfit.predictions.journal import Journal
journal = Journal(Path({str(tmp_path)!r}), 1 << 20)
journal.add(b"theirs\\n")
print("written", flush=True)
sys.stdin.read()
"""
    env = dict(os.environ)
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "written\n"
    journal = Journal(tmp_path, PLENTY)
    journal.add(b"ours\n")
    assert shipped(journal) == [b"ours"]
    other.kill()
    assert other.wait(30) == -signal.SIGKILL
    other.stdout.close()
    deadline = time.monotonic() + 10
    while not (found := shipped(journal)):
        assert time.monotonic() < deadline
    assert found == [b"theirs"]
    assert len(list(tmp_path.iterdir())) == 1


def test_two_shippers_deliver_a_file_once(tmp_path: Path) -> None:
    first, second = Journal(tmp_path, PLENTY), Journal(tmp_path, PLENTY)
    first.add(b"line\n")
    first.seal()
    found: list[bytes] = []

    def slowly(lines: bytes) -> None:
        second.ship(found.append)
        found.append(lines)

    first.ship(slowly)
    assert found == [b"line\n"]


def test_after_close_nothing_is_taken(tmp_path: Path) -> None:
    journal = Journal(tmp_path, PLENTY)
    journal.add(b"line\n")
    journal.close()
    assert journal.add(b"late\n") is False
    assert shipped(Journal(tmp_path, PLENTY)) == [b"line"]
