"""Expectations on two columns of the same row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from everfit.validation.onepass.arguments import EXACT
from everfit.validation.onepass.column import Batch
from everfit.validation.onepass.shape import SHOWN, Found, counted, shown

if TYPE_CHECKING:
    import pyarrow

Compare = Callable[[Any, Any], "pyarrow.BooleanArray"]


class CountingPairs:
    """Counts the rows in which two columns of one type do not stand as they should; no value compares with no value."""

    def __init__(self, names: tuple[str, str], holds: Compare, given: Mapping[str, Any], *, whole: bool) -> None:
        self.columns = names
        self._holds, self._whole = holds, whole
        self._ignore = given.get("ignore_row_if", "both_values_are_missing")
        self._mostly = given.get("mostly", 1)
        self._rows = self._looked_at = self._broken = self._largest = 0
        self._gaps = [0, 0]
        self._first: list[tuple[pyarrow.Array, pyarrow.Array]] = []

    def see(self, batch: Batch) -> pyarrow.BooleanArray | None:
        """Count; the rows of the batch in which the two do not stand so, None if there is none."""
        from pyarrow import compute

        pair = [batch.columns[name] for name in self.columns]
        gaps = [column.gaps for column in pair]
        self._rows += batch.rows
        for place, column in enumerate(pair):
            self._gaps[place] += column.missing
            if self._whole:
                self._largest = max(self._largest, *(abs(end.as_py() or 0) for end in column.range))
        ignored = self._ignored(gaps)
        broken = compute.invert(self._holds(pair[0].values, pair[1].values).fill_null(False))
        self._looked_at += batch.rows
        if ignored is not None:
            self._looked_at -= ignored.true_count
            broken = compute.and_not(broken, ignored)
        count = broken.true_count
        if count and sum(len(one) for one, _ in self._first) < SHOWN:
            first, second = (column.values.filter(broken)[:SHOWN] for column in pair)
            self._first.append((first, second))
        self._broken += count
        return broken if count else None

    def again(self) -> bool:
        """One pass is enough."""
        return False

    def found(self) -> Found | None:
        """The result; None if a frame would hold other values than the file."""
        if not self._looked_at or self._largest > EXACT:
            return None
        sample = [
            pair
            for first, second in self._first
            for pair in zip(self._shown(first, 0), self._shown(second, 1), strict=True)
        ]
        return counted(self._rows, self._looked_at, self._broken, [list(p) for p in sample[:SHOWN]], self._mostly)

    def _shown(self, values: pyarrow.Array, place: int) -> list[Any]:
        import numpy as np
        from pyarrow import types

        if types.is_temporal(values.type):  # GX takes the bare values of the frame here
            return [str(one) for one in np.datetime_as_string(values.to_pandas(date_as_object=False).values)]
        return shown(values, self._whole and bool(self._gaps[place]))

    def _ignored(self, gaps: list[pyarrow.BooleanArray | None]) -> pyarrow.BooleanArray | None:
        from pyarrow import compute

        some = [gap for gap in gaps if gap is not None]
        if self._ignore == "both_values_are_missing":
            return compute.and_(*some) if len(some) == 2 else None  # noqa: PLR2004 - both
        if self._ignore == "neither" or not some:
            return None
        return some[0] if len(some) == 1 else compute.or_(*some)
