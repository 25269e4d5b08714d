"""What came of what was predicted: labels for predictions, which may come late, and may be corrected.

Under `labels/<model>/` in the store, as objects that are never changed. Of several for one row the newest counts.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.errors import DataError
from everfit.predictions.prediction import id_of, moment
from everfit.predictions.segment import folder_of, stamp, unstamped

if TYPE_CHECKING:
    from everfit.ports import Store

_NAME = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)_([0-9a-f]{12})_([0-9a-f]{12})_(\d+)_[0-9a-f]{16}\.jsonl\.gz")

Value = float | str | None
"""A label: a number (0 or 1 for a binary task), the name of a class, or None: it is taken back."""


@dataclass(frozen=True)
class Label:
    """What became of row `row` (from 0) of the prediction `id`."""

    id: str
    value: Value
    row: int = 0


def keep_labels(store: Store, model: str, labels: Iterable[Label], at: datetime) -> int:
    """Keep labels that were heard of at that time; returns how many. Heard once more, they change nothing.

    Errors: `DataError` for what is no id of a prediction, or no row of one.
    """
    kept = sorted(labels, key=lambda label: (label.id, label.row))
    if not kept:
        return 0
    for label in kept:
        if moment(label.id) is None or label.row < 0:
            raise DataError(
                f"{label.id!r}, row {label.row}: wanted the id of a prediction, as the answer's header"
                " X-Everfit-Prediction says it, and a row of it, counted from 0"
            )
    data = b"".join(map(_line, kept))
    first, last = kept[0].id[:12], kept[-1].id[:12]
    sha256 = hashlib.sha256(data).hexdigest()[:16]
    name = f"{stamp(at)}_{first}_{last}_{len(kept)}_{sha256}.jsonl.gz"
    store.create(f"{_folder(model)}/{name}", gzip.compress(data, mtime=0))
    return len(kept)


@dataclass(frozen=True)
class Told:
    """The newest label of a row, and when the first one for it was heard of."""

    value: Value
    first: datetime


def labels_since(store: Store, model: str, since: datetime) -> Mapping[tuple[str, int], Value]:
    """The newest label of each row, by prediction and row, of the predictions made since then."""
    return {one: told.value for one, told in told_since(store, model, since).items()}


def told_since(store: Store, model: str, since: datetime) -> Mapping[tuple[str, int], Told]:
    """The same, with when it was heard of.

    Names say which objects hold labels of such predictions; no other is read.
    """
    earliest = id_of(since, b"")[:12]
    found: dict[tuple[str, int], Told] = {}
    for key in label_segments(store, model, since):  # by the time at which they were heard of
        heard = _heard(key, model)
        for label in _read(store.read(key)):
            if label.id >= earliest:
                before = found.get((label.id, label.row))
                found[label.id, label.row] = Told(label.value, before.first if before else heard)
    return {one: told for one, told in found.items() if told.value is not None}


def label_count(store: Store, model: str) -> int:
    """How many labels were heard of, corrections and all; one listing, no data."""
    prefix = f"{_folder(model)}/"
    found = (_NAME.fullmatch(key.removeprefix(prefix)) for key in label_segments(store, model))
    return sum(int(match[4]) for match in found if match)


def label_segments(store: Store, model: str, since: datetime | None = None) -> list[str]:
    """The keys of all labels of a model, or of predictions made since then, the first ones heard of first."""
    keys = sorted(store.list(_folder(model)))
    if since is None:
        return keys
    earliest = id_of(since, b"")[:12]
    names = ((key, _NAME.fullmatch(key.removeprefix(f"{_folder(model)}/"))) for key in keys)
    return [key for key, match in names if match and match[3] >= earliest]


def _heard(key: str, model: str) -> datetime:
    return unstamped(key.removeprefix(f"{_folder(model)}/").partition("_")[0])


def _folder(model: str) -> str:
    return folder_of(model, "labels")


def _line(label: Label) -> bytes:
    from pydantic_core import to_json

    return to_json([label.id, label.row, label.value]) + b"\n"


def _read(data: bytes) -> Iterator[Label]:
    from pydantic_core import from_json

    for line in gzip.decompress(data).splitlines():
        id_, row, value = from_json(line)
        yield Label(id_, value, row)
