"""What checkpoints cost, and what it costs to have something to go on from: `python -m bench.checkpoints [ROWS]`.

The same training with and without checkpoints in a local store, in turns in one process, with the same bytes each time;
and once as one chunk, in which the generators are those of the first round to the end. Seconds are those of the
processor, of all cores together, which a busy machine does not lengthen. What keeping took by the clock, waiting for
the disk included, is told beside them.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from everfit.models import Rows, Terms, Training
from everfit.models.xgb import rounds
from everfit.models.xgboost import XGBoost
from everfit.steps.checkpoints import Sparing, StoreCheckpoints
from everfit.stores import LocalStore

COLUMNS = 20
TURNS = 6
AIM = 0.02
ALGORITHM = XGBoost(rounds=600, max_depth=6, subsample=0.8, colsample_bytree=0.8)


def silent(message: str) -> None:
    pass


def data(rows: int) -> Training:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(rows, COLUMNS)).astype("float32")
    labels = (matrix[:, 0] + matrix[:, 1] * matrix[:, 2] + random.normal(size=rows) > 0).astype("float32")
    both = Rows(matrix, labels)
    few = both.take(slice(10_000))
    return Training("binary", [f"x{i}" for i in range(COLUMNS)], ["q"] * COLUMNS, both, few)


def timed(work: Callable[[], bytes]) -> tuple[float, str]:
    begin = process_time()
    made = work()
    return process_time() - begin, hashlib.sha256(made).hexdigest()


def without(given: Training, chunk: int) -> bytes:
    before, rounds.CHUNK = rounds.CHUNK, chunk
    try:
        return ALGORITHM.fit(given, Terms("cpu", 1, silent)).model
    finally:
        rounds.CHUNK = before


@dataclass
class Keeping:
    """Checkpoints in a local store: after which rounds, and their share of the time by the clock."""

    after: list[int] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def train(self, given: Training) -> bytes:
        self.after.clear()
        begin, taken = perf_counter(), [0.0]
        with tempfile.TemporaryDirectory() as folder:
            inner = StoreCheckpoints(LocalStore(Path(folder)), "checkpoints", lambda: datetime.now(UTC), self.told)

            class Timed:
                read = staticmethod(inner.read)

                def keep(self, done: int, state: Callable[[], bytes]) -> None:
                    began = perf_counter()
                    inner.keep(done, state)
                    taken[0] += perf_counter() - began

            model = ALGORITHM.fit(given, Terms("cpu", 1, silent, checkpoints=Sparing(Timed(), silent))).model
            self.shares.append(taken[0] / (perf_counter() - begin))
            return model

    def told(self, key: str, done: int) -> None:  # noqa: ARG002
        self.after.append(done)


def main(count: int = 300_000) -> int:
    """Measure, check that checkpoints change no byte, and print."""
    given, keeping = data(count), Keeping()
    works = {
        "with": lambda: keeping.train(given),
        "without": lambda: without(given, rounds.CHUNK),
        "one chunk": lambda: without(given, ALGORITHM.rounds),
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    models: dict[str, set[str]] = {name: set() for name in works}
    for turn in range(TURNS):
        for name in list(works)[:: 1 if turn % 2 else -1]:
            took, sha256 = timed(works[name])
            seconds[name].append(took)
            models[name].add(sha256)
    if models["with"] != models["without"] or len(models["with"]) != 1:
        print("checkpoints changed the model")
        return 1
    print(
        f"{given.train.rows:,} rows, {ALGORITHM.rounds} rounds: {statistics.median(seconds['without']):.1f} CPU seconds"
    )
    print(
        f"with checkpoints, against without: {_ratio(seconds['with'], seconds['without']):+.1%} (goal: below {AIM:.0%})"
    )
    print(f"  kept after rounds {keeping.after}, {statistics.median(keeping.shares):.2%} of the time by the clock")
    print(f"in chunks, against one chunk: {_ratio(seconds['without'], seconds['one chunk']):+.1%}")
    return 0


def _ratio(some: list[float], others: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(some, others, strict=True)) - 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
