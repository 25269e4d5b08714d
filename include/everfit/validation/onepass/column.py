"""One column of one batch, and what several questions want to know of it, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

WHOLE, FRACTION, TEXT, TIME, FLAG, OTHER = "whole", "fraction", "text", "time", "flag", "other"


def kind_of(kind: pyarrow.DataType) -> str:
    """What sort of values a column of the table holds; of `OTHER` only gaps are counted."""
    from pyarrow import types

    if types.is_integer(kind) and not types.is_uint64(kind):
        return WHOLE
    if types.is_float32(kind) or types.is_float64(kind):
        return FRACTION
    if types.is_string(kind) or types.is_large_string(kind):
        return TEXT
    if types.is_timestamp(kind) or types.is_date32(kind):
        return TIME
    return FLAG if types.is_boolean(kind) else OTHER


class Column:
    """The values of one column in one batch; text may come as codes into a dictionary."""

    def __init__(self, values: pyarrow.Array) -> None:
        import pyarrow

        self.values = values
        self.coded = isinstance(values, pyarrow.DictionaryArray)

    @cached_property
    def gaps(self) -> pyarrow.BooleanArray | None:
        """Which rows are without a value, for pandas (null or not a number); None if every row has one."""
        from pyarrow import compute, types

        values = self.values
        if types.is_floating(values.type):
            gaps = compute.is_null(values, nan_is_null=True)
            return gaps if gaps.true_count else None
        return compute.is_null(values) if values.null_count else None

    @cached_property
    def missing(self) -> int:
        """How many rows are without a value."""
        return 0 if self.gaps is None else int(self.gaps.true_count)

    @cached_property
    def known(self) -> pyarrow.Array:
        """The values of the rows that have one."""
        from pyarrow import compute

        return self.values if self.gaps is None else self.values.filter(compute.invert(self.gaps))

    @cached_property
    def range(self) -> tuple[Any, Any]:
        """The smallest and the largest value, as Arrow scalars, or two of null."""
        from pyarrow import compute, types

        values = self.values
        if types.is_floating(values.type) and self.missing > values.null_count:
            values = self.known
        found = compute.min_max(values)
        return found["min"], found["max"]

    def by_entry(self, broken: np.ndarray[Any, Any]) -> pyarrow.BooleanArray | None:
        """Which rows have one of the dictionary's broken entries; None if there is none."""
        import numpy as np
        import pyarrow

        if not broken.any():
            return None
        codes = self.values.indices
        places = codes.fill_null(0).to_numpy(zero_copy_only=False) if codes.null_count else codes.to_numpy()
        rows = broken[places]
        if codes.null_count:
            rows &= ~np.asarray(codes.is_null())
        return pyarrow.array(rows)


@dataclass(frozen=True)
class Batch:
    """Some rows of the table: which of its files they are from, the first one's number in it, and their columns."""

    part: int
    start: int
    rows: int
    columns: Mapping[str, Column]
