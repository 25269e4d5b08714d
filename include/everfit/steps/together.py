"""Training by all workers of an engine together: each runs the algorithm's own `fit` on its share of the rows."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError
from everfit.models import Part, Rows, Terms, Trained, Training
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

    Errors: `SpecError` for an algorithm that only one machine can train.
    """
    engine, algorithm = engine_of(ports, spec), spec.algorithm
    if spec.engine == "local":
        return algorithm
    if not hasattr(algorithm, "joined"):
        raise SpecError(
            f"{spec.name}: the algorithm {spec.train.algorithm} cannot be trained by several machines; "
            "take `engine: local`, or an algorithm that has `joined`, such as xgboost"
        )
    return Together(algorithm, engine, ports, shares)


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
        shares = [self._put(data, rank, of) for rank in range(of)]
        try:
            work = Work(self.algorithm, to_send(self.ports), tuple(shares), terms.device, terms.seed)
            trained = self.engine.together(work)[0]
        finally:
            for share in shares:
                self.ports.store.delete(share.rows.key)
        if trained is None:
            raise TypeError("the first worker gave no model")
        return replace(trained, facts={**trained.facts, "workers": str(of)})

    def _put(self, data: Training, rank: int, of: int) -> Share:
        """A worker's share of every part, in one file."""
        import numpy as np

        parts = {"train": data.train, "holdout": data.holdout} | ({"stop": data.stop.part} if data.stop else {})
        arrays = {
            f"{name}.{column}": values
            for name, part in parts.items()
            for column, values in _columns(share_of(part, rank, of)).items()
        }
        empty = Rows(np.empty((0, len(data.names)), np.float32), np.empty(0, np.float32))
        bare = replace(data, train=empty, holdout=empty, stop=replace(data.stop, part=empty) if data.stop else None)
        self.ports.work.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.ports.work) as folder:
            path = Path(folder, "share.npz")
            np.savez(path, **arrays)
            return Share(bare, self.ports.store.put_file(f"{self.folder}/{rank}-of-{of}.npz", path))


@dataclass(frozen=True, eq=False)
class Share:
    """One worker's part of a training: all but its rows, and the file that these are in."""

    data: Training
    rows: StoredFile

    def read(self, ports: Ports) -> Training:
        """The training with the rows of this share."""
        import numpy as np

        with np.load(ports.store.local_file(self.rows)) as arrays:
            parts: dict[str, dict[str, Any]] = {}
            for name in arrays.files:
                part, _, column = name.partition(".")
                parts.setdefault(part, {})[column] = arrays[name]
        made = {name: Rows(**columns) for name, columns in parts.items()}
        stop = replace(self.data.stop, part=made["stop"]) if self.data.stop else None
        return replace(self.data, train=made["train"], holdout=made["holdout"], stop=stop)


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


def share_of(part: Part, rank: int, of: int) -> Rows:
    """The rows of one of `of` workers: as many as the others have, one after the other, and no group torn apart.

    >>> import numpy as np
    >>> rows = Rows(np.zeros((5, 1), np.float32), np.arange(5, dtype=np.float32), groups=np.array([0, 0, 0, 1, 1]))
    >>> [share_of(rows, rank, 2).labels.tolist() for rank in range(2)]
    [[0.0, 1.0, 2.0], [3.0, 4.0]]
    """
    import numpy as np

    groups = [piece.groups for piece in part.pieces() if piece.groups is not None]
    starts = None if not groups else np.flatnonzero(np.diff(np.concatenate(groups), prepend=groups[0][0] - 1))
    begin, end = (_bound(part.rows, place, of, starts) for place in (rank, rank + 1))
    kept, at = [], 0
    for piece in part.pieces():
        kept.append(piece.take(slice(max(begin - at, 0), max(end - at, 0))))
        at += piece.rows
    return Rows.join(kept)


def _bound(rows: int, place: int, of: int, starts: NDArray[np.int64] | None) -> int:
    bound = rows * place // of
    if starts is None or bound >= rows:
        return bound
    later = starts[starts >= bound]
    return int(later[0]) if len(later) else rows


def _columns(rows: Rows) -> dict[str, Any]:
    found = {one.name: getattr(rows, one.name) for one in fields(rows)}
    return {name: values for name, values in found.items() if values is not None}
