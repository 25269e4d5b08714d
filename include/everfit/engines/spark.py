"""The engine `spark`: the workers of a Spark cluster, by Spark Connect or by a session of our own.

Spark gives machines, restarts what dies, and carries pickled calls and answers. Rows do not pass through Spark's
tables: a worker reads them from the store, as the local engine does, and the code that sees them is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from everfit.engines import _answers
from everfit.engines._session import session_at
from everfit.engines._worker import SCHEMA, Call, each, versions
from everfit.errors import SpecError
from everfit.ports import Cluster, Peers

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Spark:
    """Each item is one Spark task; workers that act together are the tasks of one barrier stage.

    The workers need the Python, pandas, numpy, pyarrow and xgboost that we have (everfit itself is sent to them), and
    have to reach the store. Errors, of both methods: what the called function raises, `SpecError` for workers with
    other versions or too few of them, `Unreachable` for a cluster that does not answer or loses the work.
    """

    cluster: Cluster

    @classmethod
    def at(cls, cluster: Cluster | None) -> Spark:
        """The engine on this cluster."""
        if cluster is None:
            raise SpecError(
                "the spec says `engine: spark`, but nothing says where Spark is; add the connection everfit_spark, or "
                "set EVERFIT_SPARK (sc://host:15002, spark://host:7077, yarn or local[2])"
            )
        return cls(cluster)

    @property
    def workers(self) -> int:
        """As many as the cluster's connection says."""
        return self.cluster.workers

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """All items at once, as far as there are workers; the answers come in order, one in memory at a time."""
        from pyspark import StorageLevel

        calls = list(items)
        if not calls:
            return
        with _answers.in_our_words(self.cluster):
            frame = self._frame(function, calls)
            if self.cluster.url.startswith("sc://"):  # such a server has all tasks at work, whoever waits for which
                yield from _answers.read(frame.toLocalIterator())
                return
            answers = frame.persist(StorageLevel.DISK_ONLY)
            try:
                answers.count()  # toLocalIterator alone would have one task work at a time
                yield from _answers.read(answers.toLocalIterator())
            finally:
                answers.unpersist()

    def together(self, function: Callable[[Peers], R]) -> list[R]:
        """None of the workers begins before the last one is there."""
        with _answers.in_our_words(self.cluster):
            frame = self._frame(function, [None] * self.workers, together=True)
            return list(_answers.read(frame.collect()))

    def _frame(self, function: Callable[..., Any], items: list[Any], *, together: bool = False) -> Any:
        from pyspark import cloudpickle

        session = session_at(self.cluster)
        call = Call(cloudpickle.dumps((function, items)), versions(), together=together)
        return session.range(0, len(items), 1, len(items)).mapInArrow(each(call), SCHEMA, barrier=together)
