"""What a Spark task does: unpack the call, make it for its own item, send the answer back in pieces."""

from __future__ import annotations

import base64
import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError

if TYPE_CHECKING:
    import pyarrow

SCHEMA = "place long, data binary"
FAILED = "everfit:"
_PIECE = 8 << 20  # Spark Connect's messages end at 128 MB
_SAME = ("numpy", "pandas", "pyarrow", "xgboost")


@dataclass(frozen=True)
class Call:
    """A function and all of its items, pickled as one so that what they share is sent once."""

    pickled: bytes
    versions: Mapping[str, str]
    together: bool


def versions() -> dict[str, str]:
    """The libraries that can change a result, and the Python that ours is pickled by."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in _SAME:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def each(call: Call) -> Callable[[Iterator[pyarrow.RecordBatch]], Iterator[pyarrow.RecordBatch]]:
    """The call as Spark's mapInArrow takes it: rows of item numbers in, rows of pickled answers out."""

    def task(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        for batch in batches:
            for place in batch.column(0).to_pylist():
                yield from _pieces(place, _answer(call, place))

    return task


def _answer(call: Call, place: int) -> bytes:
    """`(True, answer)` or `(False, error)`, pickled.

    Of workers that act together, one that fails raises, so that Spark stops the others, who wait for it.
    """
    from pyspark import cloudpickle

    try:
        _check_versions(call.versions)
        _take_gpu()
        function, items = pickle.loads(call.pickled)  # noqa: S301 - our own call, through Spark's own channel
        answer = True, function(_Barrier.now() if call.together else items[place])
    except Exception as error:
        if call.together:
            told = base64.b64encode(cloudpickle.dumps(error)).decode()
            raise RuntimeError(f"{FAILED}{told}:") from error
        answer = False, error
    pickled: bytes = cloudpickle.dumps(answer)
    return pickled


def _pieces(place: int, answer: bytes) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow

    for start in range(0, len(answer), _PIECE):
        columns = [pyarrow.array([place], pyarrow.int64()), pyarrow.array([answer[start : start + _PIECE]])]
        yield pyarrow.RecordBatch.from_arrays(columns, names=["place", "data"])


def _check_versions(wanted: Mapping[str, str]) -> None:
    other = [f"{name} {found} (here {wanted[name]})" for name, found in versions().items() if found != wanted[name]]
    if other:
        raise SpecError(
            f"the cluster's workers have {', '.join(other)}; results are equal only with equal versions: install the "
            "same ones there"
        )


def _take_gpu() -> None:
    """The GPU that Spark gave to this task is the only one that it sees."""
    from pyspark import TaskContext

    context = TaskContext.get()
    gpu = context.resources().get("gpu") if context else None
    if gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(gpu.addresses)


@dataclass
class _Barrier:
    """The tasks of a barrier stage as peers."""

    context: Any
    rank: int
    of: int
    host: str

    @classmethod
    def now(cls) -> _Barrier:
        from pyspark import BarrierTaskContext

        context = BarrierTaskContext.get()
        hosts = [info.address.rpartition(":")[0] for info in context.getTaskInfos()]
        return cls(context, context.partitionId(), len(hosts), hosts[context.partitionId()])

    def gather(self, said: str) -> list[str]:
        heard: list[str] = self.context.allGather(said)
        return heard
