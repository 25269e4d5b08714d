"""Expectations on the table's columns and rows, and on single figures of a column: ends, means, sums, spread."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from everfit.validation.onepass.arguments import EXACT
from everfit.validation.onepass.column import Batch
from everfit.validation.onepass.shape import Found, plain, within

if TYPE_CHECKING:
    import pyarrow


class OfTable:
    """An expectation that the names of the columns and the number of rows answer."""

    columns: tuple[str, ...] = ()

    def __init__(self, answer: Callable[[Sequence[str], int], Found], names: Sequence[str]) -> None:
        self._answer, self._names, self._rows = answer, names, 0

    def see(self, batch: Batch) -> None:
        """Count the rows."""
        self._rows += batch.rows

    def again(self) -> bool:
        """One pass is enough."""
        return False

    def found(self) -> Found:
        """The result."""
        return self._answer(self._names, self._rows)


def of_table(kind: str, given: Mapping[str, Any]) -> Callable[[Sequence[str], int], Found] | None:
    """The answer to an expectation on the table as a whole; None if `kind` is about something else."""
    answers: Mapping[str, Callable[[Sequence[str], int], Found]] = {
        "expect_table_columns_to_match_set": lambda names, _: _same_names(names, given),
        "expect_table_columns_to_match_ordered_list": lambda names, _: _same_order(names, given["column_list"]),
        "expect_table_column_count_to_equal": lambda names, _: _equal(len(names), given["value"]),
        "expect_table_column_count_to_be_between": lambda names, _: within(len(names), given),
        "expect_table_row_count_to_equal": lambda _, rows: _equal(rows, given["value"]),
        "expect_table_row_count_to_be_between": lambda _, rows: within(rows, given),
        "expect_column_to_exist": lambda names, _: Found(given["column"] in names, {}),
    }
    return answers.get(kind)


def _equal(observed: int, wanted: int) -> Found:
    return Found(observed == wanted, {"observed_value": observed})


def _same_names(names: Sequence[str], given: Mapping[str, Any]) -> Found:
    wanted, there = set(given["column_set"]), set(names)
    missing, more = sorted(wanted - there), sorted(there - wanted)
    result: dict[str, Any] = {"observed_value": sorted(names)}
    if missing or more:
        mismatched = {what: which for what, which in (("unexpected", more), ("missing", missing)) if which}
        result["details"] = {"mismatched": mismatched}
    return Found(not missing and not (more and given.get("exact_match", True)), result)


def _same_order(names: Sequence[str], wanted: Sequence[str]) -> Found:
    result: dict[str, Any] = {"observed_value": list(names)}
    if list(names) == list(wanted):
        return Found(True, result)
    longest = max(len(names), len(wanted))
    padded = [[*given, *[None] * (longest - len(given))] for given in (wanted, names)]
    result["details"] = {
        "mismatched": [
            {"Expected Column Position": place, "Expected": one, "Found": other}
            for place, (one, other) in enumerate(zip(*padded, strict=True))
            if one != other
        ]
    }
    return Found(False, result)


class End:
    """The smallest or the largest value of a column."""

    def __init__(self, name: str, given: Mapping[str, Any], limits: tuple[Any, Any], *, largest: bool) -> None:
        self.columns = (name,)
        self._given, self._limits, self._largest = given, limits, largest
        self._end: pyarrow.Scalar | None = None
        self._gaps = 0

    def see(self, batch: Batch) -> None:
        """Keep the end."""
        column = batch.columns[self.columns[0]]
        self._gaps += column.missing
        end = column.range[int(self._largest)]
        if end.is_valid and (self._end is None or (end.as_py() > self._end.as_py()) == self._largest):
            self._end = end

    def again(self) -> bool:
        """One pass is enough."""
        return False

    def found(self) -> Found | None:
        """The result; None if there is no value, or if a frame would hold another one."""
        import pyarrow
        from pyarrow import types

        if self._end is None:
            return None
        whole = types.is_integer(self._end.type)
        if whole and abs(self._end.as_py()) > EXACT:
            return None
        value = pyarrow.array([self._end]).to_pandas(date_as_object=False)[0]
        return within(float(value) if whole and self._gaps else value, self._given, self._limits)


class Moments:
    """Sum, mean and standard deviation of a column, batch by batch; sums of fractions are rounded once, at the end.

    Batches are joined as in Chan, Golub, LeVeque (1979), "Updating formulae and a pairwise algorithm for computing
    sample variances". pandas adds in another order: the last few of sixteen digits can differ.
    """

    def __init__(self, name: str, given: Mapping[str, Any], figure: str) -> None:
        self.columns = (name,)
        self._given, self._figure = given, figure
        self._n, self._mean, self._spread, self._gaps = 0, 0.0, 0.0, 0
        self._sums: list[float] = []
        self._whole, self._total, self._largest = False, 0, 0

    def see(self, batch: Batch) -> None:
        """Add the batch to what was seen before."""
        from pyarrow import compute, types

        column = batch.columns[self.columns[0]]
        self._gaps += column.missing
        known = column.known
        if not len(known):
            return
        total = compute.sum(known).as_py()
        if types.is_integer(known.type):
            self._whole = True
            self._total += total
            self._largest = max(self._largest, *(abs(end.as_py()) for end in column.range))
        self._sums.append(float(total))
        if self._figure == "stdev":
            self._join(len(known), float(total) / len(known), compute.variance(known).as_py() * len(known))
        else:
            self._n += len(known)

    def _join(self, n: int, mean: float, spread: float) -> None:
        both, away = self._n + n, mean - self._mean
        self._spread += spread + away * away * self._n * n / both
        self._mean += away * n / both
        self._n = both

    def again(self) -> bool:
        """One pass is enough."""
        return False

    def found(self) -> Found | None:
        """The result; None where pandas would have overflowed or found no number."""
        if self._n < 2 or not all(map(math.isfinite, self._sums)) or self._largest * self._n > EXACT:  # noqa: PLR2004
            return None
        total: float = self._total if self._whole and not self._gaps else math.fsum(self._sums)
        figures = {"sum": total, "mean": total / self._n, "stdev": math.sqrt(self._spread / (self._n - 1))}
        return within(plain(figures[self._figure]), self._given)
