"""What is known of each held-out row beside its label and its scores: by it, gates tell slices and groups apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from everfit import catalog
from everfit.errors import SpecError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.spec import ModelSpec


def about(spec: ModelSpec, raw: pd.DataFrame, inputs: Iterable[str], features: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """The raw inputs, the columns that the spec's gates name, and the features; raw, where two have one name.

    `raw` are the rows as the feature code's `rows()` made them, with every column that it let through. Errors:
    `SpecError` for a gate that names a column which neither has.
    """
    known = [*raw.columns, *features.columns]
    for gate in spec.gates:
        for name in getattr(gate, "columns", ()):
            if name not in known:
                raise SpecError(
                    f"{spec.name}: the gate {catalog.name_of(type(gate))} names the column {name!r}, which neither "
                    f"rows() nor features() makes{did_you_mean(name, map(str, known))}"
                )
    named = [name for gate in spec.gates for name in getattr(gate, "columns", ()) if name in raw]
    taken = dict.fromkeys([*inputs, *named])
    rest = [name for name in features.columns if name not in taken]
    return {name: values(raw[name]) for name in taken} | {str(name): values(features[name]) for name in rest}


def values(column: pd.Series) -> NDArray[Any]:
    """Numbers and truths as floats, times as hours since 1970, anything else as texts with None where there is none."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        hours = (column.dt.tz_localize(None) if column.dt.tz else column) - pd.Timestamp(0)
        return (hours / pd.Timedelta(hours=1)).to_numpy(dtype=float)
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=float("nan"))
    texts = column.astype(object)
    return texts.where(texts.notna(), None).map(lambda text: text if text is None else str(text)).to_numpy(dtype=object)
