"""Which predictions a version served, and which version served a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from everfit.predictions.prediction import Prediction, moment
from everfit.predictions.segment import segments, unpack

if TYPE_CHECKING:
    from everfit.ports import Store


@dataclass(frozen=True)
class Served:
    """How much a version answered, from its `first` to its `last` answer (None: it never did)."""

    predictions: int
    rows: int
    first: datetime | None
    last: datetime | None
    segments: int


def predictions_of(store: Store, model: str, version: int) -> Served:
    """What a version served, as far as it has reached the store; one listing, no data.

    >>> from everfit.testing.fakes import MemoryStore
    >>> predictions_of(MemoryStore(), "flight_delays", 3)
    Served(predictions=0, rows=0, first=None, last=None, segments=0)
    """
    found = segments(store, model, version)
    return Served(
        sum(one.predictions for one in found),
        sum(one.rows for one in found),
        min((one.first for one in found), default=None),
        max((one.last for one in found), default=None),
        len(found),
    )


def find(store: Store, model: str, id_: str) -> Prediction | None:
    """The prediction of that id (the header `X-Everfit-Prediction` of an answer), or None if the store has none.

    The id says the time, the names of the segments say theirs: only those are read that can hold it. An answer reaches
    the store some minutes after it was given.
    """
    at = moment(id_)
    if at is None:
        return None
    near = timedelta(milliseconds=1)
    for one in segments(store, model):
        if one.first - near <= at <= one.last + near:
            for prediction in unpack(store.read(one.key)):
                if prediction.id == id_:
                    return prediction
    return None
