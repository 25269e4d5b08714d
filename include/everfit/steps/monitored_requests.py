"""What callers asked a version lately and were answered, and what came of it, from the log of predictions."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from everfit.predictions import Prediction, Segment, Told, label_segments, loads_in, segments, told_since, unpack
from everfit.statistics.calls import Calls
from everfit.steps.monitored_rows import answered_rows, label_numbers, score_numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.monitors import Rows
    from everfit.ports import Store
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.values import Answer, ServerLoad

    Array = NDArray[np.float64]

MOST = 500_000
"""So many rows are looked at; where there are more, an even share of the requests."""


@dataclass(frozen=True)
class Period:
    """From `since` to before `until`."""

    since: datetime
    until: datetime

    def holds(self, at: datetime) -> bool:
        """Whether a moment is in it."""
        return self.since <= at < self.until

    @property
    def before(self) -> Period:
        """As long a time, right before it."""
        return Period(self.since - (self.until - self.since), self.since)


@dataclass(frozen=True, eq=False)
class Requests:
    """The version's own answers in a period as rows, the raw rows in the same order, and the requests themselves."""

    rows: Rows
    sent: Sequence[Mapping[str, Any]]
    calls: Calls


def sources(store: Store, model: str, version: int, period: Period) -> tuple[str, ...]:
    """The objects that answers of the period, and labels for them, are in: where these are the same, nothing is new."""
    kept = _kept(store, model, version, period)
    return (*(one.key for one in kept), *label_segments(store, model, period.since))


def requests(
    store: Store,
    spec: ModelSpec,
    predictor: Predictor,
    version: int,
    period: Period,
    by_key: Callable[[Sequence[Mapping[str, Any]]], Sequence[Told | None]],
) -> Requests | None:
    """Read what the version answered in the period, once; None for nothing. Of rows that somebody else answered, the
    calls alone count. `by_key` says what came of rows of which nobody told it.
    """
    import numpy as np

    log = _read(store, spec.name, version, period)
    labels = told_since(store, spec.name, period.since)
    some = _with_keys(sorted(_rows(log.asked, labels), key=lambda one: one.at), by_key)
    if not some:
        return None
    names = predictor.card.scores
    rows = answered_rows(
        spec,
        predictor.card,
        _typed(predictor, [one.sent for one in some]),
        np.array([one.at for one in some], dtype=np.float64),
        score_numbers((one.answer for one in some), names),
        label_numbers(spec.task, [one.told.value if one.told else None for one in some], names),
        np.array([one.told.first.timestamp() if one.told else math.nan for one in some], dtype=np.float64),
    )
    return Requests(rows, [one.sent for one in some], _calls(log))


def calls(store: Store, model: str, version: int, period: Period) -> Calls | None:
    """The requests alone that the version got in the period; None for nothing."""
    log = _read(store, model, version, period)
    return _calls(log) if log.asked else None


def _kept(store: Store, model: str, version: int, period: Period) -> list[Segment]:
    return [one for one in segments(store, model, version) if one.last >= period.since and one.first < period.until]


@dataclass(frozen=True)
class _Log:
    """Each request of a period once (a server that was killed may have kept one twice), and the loads of that time."""

    asked: Collection[Prediction]
    loads: Sequence[ServerLoad]


def _read(store: Store, model: str, version: int, period: Period) -> _Log:
    kept = _kept(store, model, version, period)
    share = MOST / max(sum(one.rows for one in kept), MOST)
    asked: dict[str, Prediction] = {}
    loads: list[ServerLoad] = []
    for segment in kept:
        data = store.read(segment.key)
        asked |= {one.id: one for one in unpack(data) if period.holds(one.at) and _dealt(one) < share}
        loads += [one for one in loads_in(data) if period.holds(one.at)]
    return _Log(asked.values(), loads)


def _calls(log: _Log) -> Calls:
    import numpy as np

    found = [(one.at.timestamp(), bool(one.error), one.seconds or math.nan) for one in log.asked]
    at, failed, seconds = (list(column) for column in zip(*found, strict=True))
    return Calls(np.array(at), np.array(failed, bool), np.array(seconds), log.loads)


@dataclass(frozen=True)
class _Row:
    at: float
    sent: Mapping[str, Any]
    answer: Answer
    told: Told | None


def _rows(asked: Iterable[Prediction], labels: Mapping[tuple[str, int], Told]) -> Iterator[_Row]:
    for one in asked:
        of = one.shadow_of or one.id
        for place, sent in enumerate(one.rows):
            answer = one.own(place)
            if answer is not None:
                yield _Row(one.at.timestamp(), sent, answer, labels.get((of, place)))


def _with_keys(
    some: Sequence[_Row], by_key: Callable[[Sequence[Mapping[str, Any]]], Sequence[Told | None]]
) -> Sequence[_Row]:
    found = iter(by_key([one.sent for one in some if not one.told]))
    return [one if one.told else replace(one, told=next(found)) for one in some]


def _dealt(one: Prediction) -> float:
    """A number from 0 to 1 by the id, so that the same requests are taken each time."""
    return int(one.id.rpartition("-")[2][:8] or "0", 16) / 0xFFFFFFFF


def _typed(predictor: Predictor, sent: Sequence[Mapping[str, Any]]) -> Any:
    """As the model reads them: keys that were left out, or hold what it cannot read, are missing."""
    import pandas as pd

    rows = [predictor.guard.look(row).row for row in sent]
    inputs = predictor.inputs
    return predictor.card.inputs.read(pd.DataFrame({name: [row.get(name) for row in rows] for name in inputs}))
