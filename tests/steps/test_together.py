"""Rows are shared out to the workers of a training, a piece at a time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from everfit.engines.local import Alone
from everfit.models import Part, Rows, Terms, Trained, Training, whole
from everfit.steps.together import Together, shared_out
from tests.workshop import open_workshop

COLUMNS = 32
PIECE = 8_192


@dataclass(frozen=True)
class Blocks:
    """A part of several pieces."""

    blocks: tuple[Rows, ...]

    @property
    def rows(self) -> int:
        return sum(block.rows for block in self.blocks)

    def pieces(self) -> Iterator[Rows]:
        yield from self.blocks


@st.composite
def parts(draw: st.DrawFn) -> Blocks:
    """Numbered rows, with groups of any size or without; no group in two pieces, as `Part` promises."""
    grouped, sizes = draw(st.booleans()), st.lists(st.integers(1, 5), min_size=1, max_size=6)
    blocks, begin, group = [], 0, 0
    for of_piece in draw(st.lists(sizes, min_size=1, max_size=4)):
        labels = np.arange(begin, begin + sum(of_piece), dtype=np.float32)
        groups = np.repeat(np.arange(group, group + len(of_piece)), of_piece) if grouped else None
        blocks.append(Rows(labels[:, None], labels, groups=groups))
        begin, group = begin + len(labels), group + len(of_piece)
    return Blocks(tuple(blocks))


@given(part=parts(), of=st.integers(1, 5))
def test_every_row_goes_to_one_worker_in_order_and_no_group_is_torn_apart(part: Blocks, of: int) -> None:
    cut = list(shared_out(part, of))
    shares = [Rows.join([piece for rank, piece in cut if rank == wanted]) for wanted in range(of)]
    assert np.concatenate([share.labels for share in shares]).tolist() == list(range(part.rows))
    if part.blocks[0].groups is None:
        assert [share.rows for share in shares] == [
            part.rows * (rank + 1) // of - part.rows * rank // of for rank in range(of)
        ]
    else:
        groups = [set(share.groups.tolist()) for share in shares if share.groups is not None]
        assert sum(map(len, groups)) == len(set.union(*groups))
        assert max(share.rows for share in shares) <= -(-part.rows // of) + 5


@dataclass(frozen=True)
class Made:
    """Rows that are made when they are asked for."""

    rows: int

    def pieces(self) -> Iterator[Rows]:
        for begin in range(0, self.rows, PIECE):
            labels = np.arange(begin, min(begin + PIECE, self.rows), dtype=np.float32)
            yield Rows(np.ones((len(labels), COLUMNS), np.float32), labels, weights=labels)


@dataclass(frozen=True)
class Adding:
    """An algorithm that says what it has seen."""

    joined: ClassVar[Callable[..., Any]] = nullcontext
    seen: list[tuple[int, float, int, int]]

    def fit(self, data: Training, terms: Terms) -> Trained:
        rows, total, pieces = 0, 0.0, 0
        for piece in data.train.pieces():
            assert piece.groups is piece.observed is None
            assert piece.weights is not None
            np.testing.assert_array_equal(piece.weights, piece.labels)
            rows, total, pieces = rows + piece.rows, total + float(piece.labels.sum(dtype=float)), pieces + 1
        self.seen.append((rows, total, pieces, data.holdout.rows))
        return Trained(b"sum", "cpu", 1, 0.0, 1, {}, {}, {})


@dataclass(frozen=True)
class InTurn:
    """Several workers, one after the other, who do not speak."""

    workers: int

    def together(self, work: Callable[[Alone], Any]) -> list[Any]:
        return [work(Alone(rank, self.workers)) for rank in range(self.workers)]


def shared(part: Part, ports: Any, workers: int) -> list[tuple[int, float, int, int]]:
    """What each worker saw."""
    names = [str(number) for number in range(COLUMNS)]
    held_out = whole(Made(5))
    algorithm = Adding([])
    engine: Any = InTurn(workers)
    data = Training("regression", names, ["q"] * COLUMNS, part, held_out)
    trained = Together(algorithm, engine, ports, "shares/x").fit(data, Terms("cpu", 1, lambda _: None))
    assert trained.facts["workers"] == str(workers)
    assert ports.store.list("shares") == []
    return algorithm.seen


def test_neither_who_shares_out_nor_a_worker_holds_all_rows(tmp_path: Path) -> None:
    ports = open_workshop(tmp_path, []).ports
    part = Made(40 * PIECE)
    tracemalloc.start()
    seen = shared(part, ports, 4)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [rows for rows, *_ in seen] == [part.rows // 4] * 4
    assert sum(total for _, total, *_ in seen) == part.rows * (part.rows - 1) / 2
    assert [pieces for _, _, pieces, _ in seen] == [10] * 4
    assert peak < 5 * PIECE * COLUMNS * 4 < part.rows * COLUMNS * 4 / 7


def test_who_gets_no_row_gets_an_empty_share(tmp_path: Path) -> None:
    seen = shared(Made(2), open_workshop(tmp_path, []).ports, 3)
    assert [rows for rows, *_ in seen] == [0, 1, 1]
    assert [held_out for *_, held_out in seen] == [1, 2, 2]
