"""Training by all workers of an engine together: each runs the algorithm's own `fit` on its share of the rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from everfit.models import Part, Rows, Terms, Trained, Training, whole
from everfit.models.spooled import Written, write_piece
from everfit.steps.engine import engine_of, to_send
from everfit.values import StoredFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.engines import Engine
    from everfit.ports import Peers, Ports
    from everfit.spec import ModelSpec


FOLDER = "shares"


def trainer(ports: Ports, spec: ModelSpec, shares: str) -> Any:
    """The spec's algorithm; where its engine has several workers, all of them train it together.

    The rows are shared out below the store's folder `shares`, which is for this training alone.
    """
    engine, algorithm = engine_of(ports, spec), spec.algorithm
    return algorithm if spec.engine == "local" else Together(algorithm, engine, ports, shares)


@dataclass(frozen=True)
class Together:
    """An algorithm that is trained by the engine's workers: the same `fit`, on a share of the rows each.

    The shares lie in the store below `folder` for as long as the training takes. Equal rows, seed and number of workers
    give equal bytes; another number of workers gives another model.
    """

    algorithm: Any
    engine: Engine
    ports: Ports
    folder: str

    def fit(self, data: Training, terms: Terms) -> Trained:
        """Share out, train, and take the model of the first worker: all of them have the same."""
        of = self.engine.workers
        terms.progress(f"sharing {data.train.rows:,} rows out to {of} workers")
        try:
            work = Work(self.algorithm, to_send(self.ports), self._shares(data, of), terms.device, terms.seed)
            trained = self.engine.together(work)[0]
        finally:
            for key in self.ports.store.list(self.folder):
                self.ports.store.delete(key)
        if trained is None:
            raise TypeError("the first worker gave no model")
        return replace(trained, facts={**trained.facts, "workers": str(of)})

    def _shares(self, data: Training, of: int) -> tuple[Share, ...]:
        """A worker's share of every part, each in a file of its own."""
        import numpy as np

        parts = {"train": data.train, "holdout": data.holdout} | ({"stop": data.stop.part} if data.stop else {})
        empty = Rows(np.empty((0, len(data.names)), np.float32), np.empty(0, np.float32))
        bare = replace(data, train=empty, holdout=empty, stop=replace(data.stop, part=empty) if data.stop else None)
        stored = {name: self._put(name, part, of) for name, part in parts.items()}
        return tuple(Share(bare, {name: files[rank] for name, files in stored.items()}) for rank in range(of))

    def _put(self, name: str, part: Part, of: int) -> list[Stored]:
        """The shares of one part, by rank; its rows are read once, and one piece of them is in memory."""
        self.ports.work.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.ports.work) as folder:
            paths = [Path(folder, f"{name}-{rank}-of-{of}") for rank in range(of)]
            with ExitStack() as stack:
                files, rows = [stack.enter_context(path.open("wb")) for path in paths], [0] * of
                for rank, piece in shared_out(part, of):
                    write_piece(piece, files[rank])
                    rows[rank] += piece.rows
            put = self.ports.store.put_file
            return [Stored(put(f"{self.folder}/{path.name}", path), rows[rank]) for rank, path in enumerate(paths)]


@dataclass(frozen=True)
class Stored:
    """So many rows in a file in the store."""

    file: StoredFile
    rows: int


@dataclass(frozen=True, eq=False)
class Share:
    """One worker's part of a training: all but its rows, and the files that these are in, by what they are for."""

    data: Training
    rows: Mapping[str, Stored]

    def read(self, ports: Ports) -> Training:
        """The training with the rows of this share, of which those to learn from stay in their files."""
        made = {name: Written(ports.store.local_file(one.file), one.rows) for name, one in self.rows.items()}
        stop = replace(self.data.stop, part=made["stop"]) if self.data.stop else None
        return replace(self.data, train=made["train"], holdout=whole(made["holdout"]), stop=stop)


@dataclass(frozen=True)
class Work:
    """What every worker does; called by the engine, on the worker's machine."""

    algorithm: Any
    ports: Ports
    shares: tuple[Share, ...]
    device: str
    seed: int

    def __call__(self, peers: Peers) -> Trained | None:
        """Train with the peers; the model is the same for all, so only the first one sends it."""
        data = self.shares[peers.rank].read(self.ports)
        terms = Terms(_same_for_all(peers, self.device), self.seed, lambda _: None)
        with self.algorithm.joined(peers):
            trained: Trained = self.algorithm.fit(data, terms)
        return trained if peers.rank == 0 else None


def _same_for_all(peers: Peers, device: str) -> str:
    """With `auto`, a GPU only if the engine has given one to every worker: they cannot grow trees on different ones."""
    if device != "auto":
        return device
    given = peers.gather("yes" if os.environ.get("CUDA_VISIBLE_DEVICES") else "no")
    return "cuda" if set(given) == {"yes"} else "cpu"


def shared_out(part: Part, of: int) -> Iterator[tuple[int, Rows]]:
    """The rows of a part for `of` workers: pieces in order, each with the rank of the worker that it is for.

    All get as many rows as the others, one after the other, and no group is torn apart. Each gets a piece, if only an
    empty one.

    >>> import numpy as np
    >>> rows = Rows(np.zeros((5, 1), np.float32), np.arange(5, dtype=np.float32), groups=np.array([0, 0, 0, 1, 1]))
    >>> [(rank, piece.labels.tolist()) for rank, piece in shared_out(rows, 2)]
    [(0, [0.0, 1.0, 2.0]), (1, [3.0, 4.0])]
    """
    import numpy as np

    bounds = [part.rows * place // of for place in range(1, of)]
    begin, without = 0, set(range(of))
    for piece in part.pieces():
        whose = np.searchsorted(bounds, begin + _group_starts(piece), side="right")
        for rank in np.unique(whose).tolist():
            first, end = np.searchsorted(whose, [rank, rank + 1]).tolist()
            yield rank, piece.take(slice(first, end))
            without.discard(rank)
        begin += piece.rows
        empty = piece.take(slice(0, 0))
    yield from ((rank, empty) for rank in sorted(without))


def _group_starts(piece: Rows) -> NDArray[np.int64]:
    """Of each row the place where its group begins in the piece: its own, where there are no groups."""
    import numpy as np

    places = np.arange(piece.rows)
    if piece.groups is None:
        return places
    begins = np.flatnonzero(np.diff(piece.groups, prepend=piece.groups[:1] - 1))
    found: NDArray[np.int64] = begins[np.searchsorted(begins, places, side="right") - 1]
    return found
