"""Which values a column has, how many different ones, and the most common of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from everfit.validation.onepass.arguments import EXACT
from everfit.validation.onepass.column import Batch
from everfit.validation.onepass.hashing import exact_keys
from everfit.validation.onepass.keys import Keys
from everfit.validation.onepass.shape import SHOWN, Found, within

if TYPE_CHECKING:
    import pyarrow

AT_MOST = 1 << 20


class Different:
    """How many different numbers or times a column has, or what share of its values they are."""

    def __init__(self, name: str, given: Mapping[str, Any], *, share: bool) -> None:
        self.columns = (name,)
        self._given, self._share = given, share
        self._keys, self._known, self._rows, self._largest = Keys(), 0, 0, 0

    def see(self, batch: Batch) -> None:
        """Keep the values as keys."""
        from pyarrow import compute, types

        column = batch.columns[self.columns[0]]
        self._rows += batch.rows
        self._known += len(column.known)
        if types.is_integer(column.values.type):
            self._largest = max(self._largest, *(abs(end.as_py() or 0) for end in column.range))
        if len(column.known):
            self._keys.add(exact_keys(compute.unique(column.known)))

    def again(self) -> bool:
        """One pass is enough."""
        return False

    def found(self) -> Found | None:
        """The result; None if there is no value, or if a frame would hold others."""
        different = self._keys.distinct()
        self._keys.close()
        if not self._known or (self._known < self._rows and self._largest > EXACT):
            return None
        return within(different / self._known if self._share else different, self._given)


class Values:
    """All different values of a column, with how often each occurs; too many are left to GX."""

    def __init__(self, kind: str, name: str, given: Mapping[str, Any]) -> None:
        self.columns = (name,)
        self._kind, self._given = kind, given
        self._counts: Counter[Any] = Counter()
        self._rows, self._whole = 0, False

    def see(self, batch: Batch) -> None:
        """Count the values."""
        from pyarrow import compute, types

        if len(self._counts) > AT_MOST:
            return
        column = batch.columns[self.columns[0]]
        self._rows += batch.rows
        self._whole = bool(types.is_integer(column.values.type))
        counts: pyarrow.StructArray = compute.value_counts(column.known)
        values = counts.field("values")
        decoded = values.dictionary_decode() if column.coded else values
        self._counts.update(dict(zip(decoded.to_pylist(), counts.field("counts").to_pylist(), strict=True)))

    def again(self) -> bool:
        """One pass is enough."""
        return False

    def found(self) -> Found | None:
        """The result; None if there are no values or too many, or if a frame would hold others."""
        counts = self._counts
        if not counts or len(counts) > AT_MOST or (self._whole and max(map(abs, counts)) > EXACT):
            return None
        if self._kind in _FIGURES:
            different = len(counts)
            return within(different if self._kind == _FIGURES[0] else different / counts.total(), self._given)
        if self._kind == "expect_column_most_common_value_to_be_in_set":
            return self._most_common(counts)
        return self._against_set(set(counts))

    def _against_set(self, seen: set[Any]) -> Found:
        wanted = set(self._given["value_set"])
        more, missing = seen - wanted, wanted - seen
        counts = {"unexpected_count": len(more), "missing_count": len(missing)}
        lists = {
            "partial_unexpected_list": self._as_seen(sorted(more)[:SHOWN]),
            "partial_missing_list": sorted(missing)[:SHOWN],
        }
        ignored = {"contain": "unexpected", "be_in": "missing"}.get(self._kind.split("_to_")[1][:-4], "nothing")
        result = {"observed_value": None} | {key: one for key, one in (counts | lists).items() if ignored not in key}
        return Found(not result.get("unexpected_count") and not result.get("missing_count"), result)

    def _most_common(self, counts: Counter[Any]) -> Found:
        highest = max(counts.values())
        most = sorted(value for value, count in counts.items() if count == highest)
        in_set = len(set(self._given["value_set"]) & set(most))
        success = in_set > 0 if self._given.get("ties_okay") else len(most) == in_set == 1
        return Found(success, {"observed_value": self._as_seen(most)})

    def _as_seen(self, values: list[Any]) -> list[Any]:
        with_gaps = self._whole and self._counts.total() < self._rows
        return [float(value) for value in values] if with_gaps else values


_FIGURES = (
    "expect_column_unique_value_count_to_be_between",
    "expect_column_proportion_of_unique_values_to_be_between",
)
