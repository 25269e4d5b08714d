"""From Spark's rows to the answers in them, and from Spark's errors to ours."""

from __future__ import annotations

import base64
import pickle
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from everfit.engines._worker import FAILED
from everfit.errors import SpecError, Unreachable
from everfit.ports import Cluster


def read(rows: Iterable[Any]) -> Iterator[Any]:
    """The answers in order, each put together from its pieces; an error among them is raised."""
    for _, pieces in groupby(rows, key=lambda row: row[0]):
        worked, answer = pickle.loads(b"".join(bytes(piece[1]) for piece in pieces))  # noqa: S301 - our own answer
        if not worked:
            raise answer
        yield answer


@contextmanager
def in_our_words(cluster: Cluster) -> Iterator[None]:
    """What a worker raised is raised again; whatever else Spark has to say is about the cluster."""
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException

    vendors: tuple[type[Exception], ...] = (Py4JError, PySparkException, ConnectionError)
    try:
        from grpc import RpcError  # type: ignore[import-untyped]
    except ImportError:  # only Spark Connect needs it
        pass
    else:
        vendors = (*vendors, RpcError)
    try:
        yield
    except vendors as error:
        raise _ours(str(error), cluster) from error


def _ours(said: str, cluster: Cluster) -> Exception:
    if told := re.search(rf"{FAILED}([A-Za-z0-9+/=]+):", said):
        raised: Exception = pickle.loads(base64.b64decode(told[1]))  # noqa: S301 - what our own worker raised
        return raised
    if re.search("barrier stage that requires more slots|BarrierJobSlotsNumberCheckFailed", said):
        return SpecError(
            f"Spark at {cluster.url} has no room for {cluster.workers} workers at the same time; lower `workers` in "
            "the connection everfit_spark, or give it more executors"
        )
    if missing := re.search(r"ModuleNotFoundError: (No module named '[\w.]+')", said):
        return SpecError(f"Spark's workers at {cluster.url} lack a library ({missing[1]}); install there what is here")
    lines = [line.strip() for line in said.splitlines() if line.strip() and "error occurred while calling" not in line]
    reason = " ".join(line for line in lines[:2] if not line.startswith("at ")) or "no reason given"
    return Unreachable(f"Spark at {cluster.url} did not do the work: {reason[:400]}")
