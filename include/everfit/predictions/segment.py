"""Many predictions of one version as one object in the store, whose name says how many and of what time."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import compress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from everfit.predictions.load import is_load, load_line, loads_of
from everfit.predictions.prediction import Prediction

if TYPE_CHECKING:
    from everfit.ports import Store
    from everfit.values import ServerLoad

LEVEL = 1
"""How hard gzip tries: at its hardest (9) it takes eleven times as long, and a sixth less room."""

_TIME = "%Y%m%dT%H%M%S.%fZ"
_NAME = re.compile(r"(\d+)/(\d{8}T\d{6}\.\d{6}Z)_(\d{8}T\d{6}\.\d{6}Z)_(\d+)_(\d+)_[0-9a-f]{16}\.jsonl\.gz")


@dataclass(frozen=True)
class Segment:
    """Where some predictions of a version are; `rows` are those of all `predictions` together."""

    key: str
    version: int
    first: datetime
    last: datetime
    predictions: int
    rows: int


def pack(predictions: Iterable[Prediction], loads: Iterable[ServerLoad] = ()) -> tuple[str, bytes]:
    """The key and the bytes for predictions of one version of one model, and what the server took meanwhile: gzipped
    lines of JSON.

    The key follows from the predictions (times, counts and a hash), so that packing the same ones again, after a crash
    say, gives the same key, and create-if-absent keeps them once.
    """
    kept = list(predictions)
    data = b"".join([*(one.line() for one in kept), *map(load_line, loads)])
    first, last = (stamp(pick(one.at for one in kept)) for pick in (min, max))
    rows, sha256 = sum(len(one.rows) for one in kept), hashlib.sha256(data).hexdigest()[:16]
    name = f"{kept[0].version}/{first}_{last}_{len(kept)}_{rows}_{sha256}.jsonl.gz"
    return f"{folder_of(kept[0].model)}/{name}", gzip.compress(data, LEVEL, mtime=0)


def unpack(data: bytes) -> Iterator[Prediction]:
    """The predictions in a segment's bytes, in the order in which they were made."""
    return (Prediction.of(line) for line in gzip.decompress(data).splitlines() if not is_load(line))


def loads_in(data: bytes) -> list[ServerLoad]:
    """What the server took while it made the predictions in a segment's bytes."""
    return loads_of(gzip.decompress(data).splitlines())


def segments(store: Store, model: str, version: int | None = None) -> list[Segment]:
    """The segments of a version, or of all versions of the model, by version and time. Only names are read."""
    folder = folder_of(model)
    keys = store.list(folder if version is None else f"{folder}/{version}")
    found = ((key, _NAME.fullmatch(key.removeprefix(f"{folder}/"))) for key in keys)
    return sorted((_segment(key, match) for key, match in found if match), key=lambda one: (one.version, one.key))


def without(data: bytes, drop: Callable[[Mapping[str, Any]], bool]) -> tuple[list[Prediction], int]:
    """What is left of a segment without the rows that `drop` names, with what is said of them; and how many those are.

    For erasure: `pack` what is left, put it into the store, then delete the old segment. A prediction without any rows
    stays, as proof that it was made.
    """
    left, gone = [], 0
    for one in unpack(data):
        stays = [not drop(row) for row in one.rows]
        gone += stays.count(False)
        rows, scores = [*compress(one.rows, stays)], [*compress(one.scores, stays)]
        left.append(replace(one, rows=rows, scores=scores, flags=[*compress(one.flags, stays)]))
    return left, gone


def folder_of(model: str, what: str = "predictions") -> str:
    """Where a model's predictions are; the names that MLflow takes and a key must not be are quoted."""
    name = quote(model, safe=" ")
    return f"{what}/{'%2E' + name[1:] if name.startswith('.') else name}"


def stamp(at: datetime) -> str:
    """A time in the name of an object: in UTC, and in its order among others."""
    return at.astimezone(UTC).strftime(_TIME)


def _segment(key: str, match: re.Match[str]) -> Segment:
    version, first, last, predictions, rows = match.groups()
    return Segment(key, int(version), unstamped(first), unstamped(last), int(predictions), int(rows))


def unstamped(text: str) -> datetime:
    """The time that `stamp` wrote."""
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
