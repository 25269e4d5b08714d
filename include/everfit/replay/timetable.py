"""When each delivery landed, as its own rows tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from everfit.errors import DataError, SpecError
from everfit.features import load_code
from everfit.replay.memo import Memo
from everfit.steps.deliveries import Delivery, deliveries
from everfit.steps.labels import times
from everfit.validation.read import read_parts
from everfit.validation.stream import Part

if TYPE_CHECKING:
    import pandas as pd

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


@dataclass(frozen=True)
class Landed:
    """A delivery, the time of the `first` and the `last` of its rows, and when it landed (`at`)."""

    delivery: Delivery
    first: datetime
    last: datetime
    at: datetime


@dataclass(frozen=True)
class _Span:
    """The time of the first and of the last row; `first` is None where they could not be read, `why` says so."""

    first: datetime | None
    last: datetime | None
    why: str = ""


def timetable(ports: Ports, spec: ModelSpec, memo: Memo, after: timedelta) -> tuple[Landed, ...]:
    """The deliveries in the landing place, the first one to land first: each `after` its newest row.

    One whose rows cannot be read (it will be refused) landed half way between its neighbours, by name. Errors:
    `DataError` if none can be read.
    """
    code = load_code(spec.code_path)
    found = [one for one in deliveries(spec.data, ports.landing.look(spec.data.landing, spec.data.each)) if one.files]
    key = [code.sha256, spec.time, spec.data.model_dump(mode="json")]
    spans = [memo.recall("spans", [*key, one.fingerprint], _Span, partial(_span, ports, spec, one)) for one in found]
    if not any(span.last for span in spans):
        why = f" ({spans[-1].why})" if spans else ""
        raise DataError(
            f"{spec.name}: found no delivery in {spec.data.landing} whose rows can be read{why}; "
            "a rehearsal needs the batches of the time that it plays"
        )
    lasts = _between([span.last for span in spans])
    made = [
        Landed(one, span.first or last, last, last + after) for one, span, last in zip(found, spans, lasts, strict=True)
    ]
    return tuple(sorted(made, key=lambda one: one.at))


def paths(landed: Sequence[Landed]) -> Mapping[str, datetime]:
    """When each file landed."""
    both = ((one, [*one.delivery.files, *([one.delivery.mark] if one.delivery.mark else [])]) for one in landed)
    return {file.path: one.at for one, files in both for file in files}


def rows_of(ports: Ports, spec: ModelSpec, delivery: Delivery) -> pd.DataFrame:
    """The rows of a delivery, as the feature code makes them of what lies in the landing place.

    Errors: `DataError` or `SpecError` if that cannot be.
    """
    ports.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=ports.work, prefix="rows-") as scratch:
        ports.landing.fetch(spec.data.landing, delivery.files, Path(scratch))
        named = spec.data.parts(file.name for file in delivery.files)
        parts = {table: [Part(name, Path(scratch, name)) for name in names] for table, names in named.items()}
        if missing := [table for table, some in parts.items() if not some]:
            raise DataError(f"{delivery.partition} has no file of {', '.join(missing)}")
        return load_code(spec.code_path).rows({table: read_parts(some) for table, some in parts.items()})


def _span(ports: Ports, spec: ModelSpec, delivery: Delivery) -> _Span:
    try:
        found = times(spec, rows_of(ports, spec, delivery)).dropna()
    except (DataError, SpecError) as error:  # the feature code may stumble over what validation will refuse
        return _Span(None, None, str(error))
    if found.empty:
        return _Span(None, None, f"{delivery.partition} has no row with a time")
    return _Span(found.min().to_pydatetime(), found.max().to_pydatetime())


def _between(known: Sequence[datetime | None]) -> list[datetime]:
    """Times in their order, with those that are missing half way between their neighbours, or beside the only one.

    >>> from datetime import UTC
    >>> days = [datetime(2013, 1, day, tzinfo=UTC) for day in (1, 5)]
    >>> [one.day for one in _between([days[0], None, days[1], None])]
    [1, 3, 5, 5]
    """
    made = list(known)
    for place, time in enumerate(made):
        if time is None:
            before = made[place - 1] if place else None
            later = next((one for one in known[place + 1 :] if one), None)
            made[place] = before + (later - before) / 2 if before and later else before or later
    return [time for time in made if time is not None]
