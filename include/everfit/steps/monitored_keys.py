"""What came of rows that callers asked about, where a later batch says it: joined by the key of the spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError, did_you_mean
from everfit.predictions import Told
from everfit.steps.labels import labels
from everfit.steps.rows import batch_rows

if TYPE_CHECKING:
    import pandas as pd

    from everfit.features import FeatureCode
    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.values import Batch


def telling_batches(spec: ModelSpec, view: View, since: datetime) -> tuple[tuple[datetime, Batch], ...]:
    """The batches that may say what came of rows asked about since then, after when each was accepted, oldest first."""
    if not spec.monitor.key:
        return ()
    accepted = ((view.entries[seq - 1].at, batch) for seq, batch in view.batches)
    return tuple(sorted((one for one in accepted if one[0] >= since), key=lambda one: one[0]))


def told_by_key(
    ports: Ports,
    spec: ModelSpec,
    code: FeatureCode,
    batches: Sequence[tuple[datetime, Batch]],
    sent: Sequence[Mapping[str, Any]],
) -> list[Told | None]:
    """For each row, the label of the batch's row with the same key, and when that batch was accepted.

    Of several such rows the one in the newest batch counts, so that a corrected batch corrects. A row that lacks a part
    of the key, or whose key no labelled row has, has no label yet. Errors: `SpecError` for a key that rows() does not
    make.
    """
    import pandas as pd

    if not batches or not sent:
        return [None] * len(sent)
    key, known = list(spec.monitor.key), []
    for at, batch in batches:
        raw = batch_rows(ports, spec, code, batch)
        for name in key:
            if name not in raw:
                known_as = did_you_mean(name, map(str, raw.columns))
                raise SpecError(
                    f"{spec.name}: monitor.key names {name!r}, a column that rows() does not make{known_as}"
                )
        known.append(raw[key].assign(__label=labels(spec, raw).to_numpy(), __at=at))
    told = pd.concat(known, ignore_index=True)
    told = told[told["__label"].notna()].drop_duplicates(key, keep="last")
    asked = pd.DataFrame({name: _like(told[name], [row.get(name) for row in sent]) for name in key})
    found = asked.merge(told, on=key, how="left")
    found.loc[asked.isna().any(axis=1), "__label"] = None
    return [
        None if pd.isna(label) else Told(label, at.to_pydatetime())
        for label, at in zip(found["__label"], found["__at"], strict=True)
    ]


def _like(column: pd.Series, sent: Sequence[Any]) -> pd.Series:
    """Values of JSON in the type of a batch's column; missing where that cannot be."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        times = pd.to_datetime(pd.Series(sent, dtype="object"), utc=True, errors="coerce", format="ISO8601")
        return (times if column.dt.tz else times.dt.tz_localize(None)).astype(column.dtype)
    if pd.api.types.is_signed_integer_dtype(column.dtype):  # exactly: the numbers of orders may be long
        return pd.Series([_whole(value) for value in sent], dtype="Int64")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return pd.to_numeric(pd.Series(sent, dtype="object"), errors="coerce").astype("float64")
    return pd.Series([None if value is None else str(value) for value in sent], dtype=column.dtype)


def _whole(value: Any) -> int | None:
    """A whole number of 64 bits; None for what is none.

    >>> [_whole(value) for value in (2**53 + 1, "12", 7.0, 7.5, None, "x", 2**70)]
    [9007199254740993, 12, 7, None, None, None, None]
    """
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 2**63 and (isinstance(value, str) or number == value) else None
