"""Rows that were read once are read again from a file, just as they were."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everfit.models import Rows
from everfit.models.spooled import Spooled


@dataclass
class Counted:
    """A part that knows how often it was read."""

    blocks: list[Rows]
    read: int = field(default=0)

    @property
    def rows(self) -> int:
        return sum(block.rows for block in self.blocks)

    def pieces(self) -> Iterator[Rows]:
        self.read += 1
        yield from self.blocks


def block(rows: int, seed: int, *, whole: bool) -> Rows:
    random = np.random.default_rng(seed)
    matrix = random.random((rows, 3), dtype=np.float32)
    matrix[random.random(matrix.shape) < 0.2] = np.nan
    more = (random.random(rows, dtype=np.float32), random.integers(0, 9, rows), random.random(rows) < 0.5)
    return Rows(matrix, random.random(rows, dtype=np.float32), *(more if whole else ()))


def same(one: Rows, other: Rows) -> bool:
    pairs = [(getattr(one, each.name), getattr(other, each.name)) for each in fields(Rows)]
    return all(
        a is b if a is None or b is None else a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype != bool)
        for a, b in pairs
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 50), max_size=5), whole=st.booleans())
def test_it_gives_the_same_pieces_each_time_and_reads_the_part_once(
    sizes: list[int], whole: bool, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path, ignore_errors=True)
    part = Counted([block(rows, seed, whole=whole) for seed, rows in enumerate(sizes)])
    spooled = Spooled(part, tmp_path / "below" / "rows")
    for _ in range(3):
        assert [same(a, b) for a, b in zip(spooled.pieces(), part.blocks, strict=True)] == [True] * len(sizes)
    assert part.read == (1 if sizes else 3)
    assert spooled.rows == sum(sizes)


def test_a_reading_that_is_broken_off_is_begun_again(tmp_path: Path) -> None:
    part = Counted([block(9, 1, whole=False), block(9, 2, whole=False)])
    spooled = Spooled(part, tmp_path / "rows")
    half = spooled.pieces()
    next(half)
    half.close()
    assert not spooled.path.exists()
    assert len(list(spooled.pieces())) == len(list(spooled.pieces())) == part.read == 2


def test_without_room_the_part_itself_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = Counted([block(9, 1, whole=False), block(9, 2, whole=False)])
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100))
    spooled = Spooled(part, tmp_path / "rows")
    assert [sum(piece.rows for piece in spooled.pieces()) for _ in range(2)] == [18, 18]
    assert part.read == 2
    assert list(tmp_path.iterdir()) == []
