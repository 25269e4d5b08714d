"""What is left of the memory, and what was taken of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from everfit.models.memory import MB, available, in_words


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with 2 GB free and a group of 1 GB, of which 700 MB are held, 100 of them files that were read."""
    for folder in ("proc/self", "groups/work/task"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 4000000 kB\nMemAvailable: 2000000 kB\n")
    (tmp_path / "proc/self/cgroup").write_text("0::/work/task\n")
    for group, limit in {"work": "1000000000", "work/task": "max"}.items():
        (tmp_path / "groups" / group / "memory.max").write_text(f"{limit}\n")
        (tmp_path / "groups" / group / "memory.current").write_text("700000000\n")
        (tmp_path / "groups" / group / "memory.stat").write_text("anon 600000000\ninactive_file 100000000\n")
    return tmp_path


def test_the_tightest_limit_counts_wherever_it_is_set(machine: Path) -> None:
    assert available(machine / "groups", machine / "proc") == 400 * MB
    (machine / "groups/work/task/memory.max").write_text("900000000\n")
    assert available(machine / "groups", machine / "proc") == 300 * MB
    (machine / "proc/meminfo").write_text("MemAvailable: 100 kB\n")
    assert available(machine / "groups", machine / "proc") == 102_400


def test_without_groups_it_is_what_the_machine_has_free(machine: Path) -> None:
    assert available(machine / "none", machine / "proc") == 2_000_000 * 1024


def test_nobody_says(tmp_path: Path) -> None:
    assert available(tmp_path, tmp_path) == 0
    assert available() > 0


NESTED = """
from everfit.models.memory import MB, Peak

before = bytearray(80 * MB)
del before
outer = Peak()
first = bytearray(50 * MB)
del first
inner = Peak()
assert inner.bytes() < 20 * MB
second = bytearray(40 * MB)
assert 35 * MB <= inner.bytes() < 60 * MB
assert 45 * MB <= outer.bytes() < 75 * MB
"""


def test_a_peak_is_of_its_own_time_and_knows_those_inside() -> None:
    """In a process of its own: another test's memory that was given back would be taken first."""
    done = subprocess.run([sys.executable, "-c", NESTED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("size", "words"), [(0, "0 MB"), (999 * MB, "999 MB"), (2_100 * MB, "2.1 GB")])
def test_in_words(size: int, words: str) -> None:
    assert in_words(size) == words
