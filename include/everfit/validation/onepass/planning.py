"""From an expectation to the question that answers it while the rows stream by, if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from everfit.validation.onepass import rowwise
from everfit.validation.onepass.arguments import understood
from everfit.validation.onepass.column import FRACTION, TEXT, TIME, WHOLE, Batch, kind_of
from everfit.validation.onepass.distinct import Different, Values
from everfit.validation.onepass.pairs import CountingPairs
from everfit.validation.onepass.rowwise import Condition, Counting, CountingGaps
from everfit.validation.onepass.shape import Found
from everfit.validation.onepass.unique import Unique
from everfit.validation.onepass.whole import End, Moments, OfTable, of_table
from everfit.validation.suites import Expectation

if TYPE_CHECKING:
    import pyarrow

_NUMBERS = (WHOLE, FRACTION)
_ORDERED = (WHOLE, FRACTION, TIME)


class Question(Protocol):
    """What is asked of the rows: it sees every batch, perhaps more than once, and then knows the result."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it looks at."""

    def see(self, batch: Batch) -> pyarrow.BooleanArray | None:
        """Look at a batch; the rows in it that break the expectation, None if there is none or if it is not known."""

    def again(self) -> bool:
        """After the last batch: must all batches be seen once more?"""

    def found(self) -> Found | None:
        """The result; None if GX has to be asked after all."""


def question(asked: Expectation, schema: pyarrow.Schema) -> Question | None:
    """The question for one expectation on a table with these columns; None if only GX can answer it."""
    if not understood(asked):
        return None
    if answer := of_table(asked.kind, asked.kwargs):
        return OfTable(answer, schema.names)
    given = asked.kwargs
    names = [given[key] for key in ("column", "column_A", "column_B") if key in given] or given["column_list"]
    if not all(name in schema.names for name in names):
        return None
    kinds = [schema.field(name).type for name in names]
    if asked.kind.startswith(("expect_column_pair", "expect_compound")) or asked.kind.endswith("to_be_unique"):
        return _on_rows(asked, names, kinds)
    return _on_values(asked, names[0], kinds[0]) or _on_column(asked, names[0], kinds[0])


def _on_values(asked: Expectation, name: str, kind: pyarrow.DataType) -> Question | None:
    mostly = asked.kwargs.get("mostly", 1)
    if asked.kind in ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null"):
        wanted = asked.kind == "expect_column_values_to_not_be_null"
        return CountingGaps(name, kind, mostly, wanted=wanted) if _sampled(kind, wanted) else None
    condition = _condition(asked, kind)
    return None if condition is None else Counting(name, condition, mostly, whole=kind_of(kind) == WHOLE)


def _sampled(kind: pyarrow.DataType, wanted: bool) -> bool:
    """Whether the rows that are shown can be shown as GX does: gaps always, values of the common sorts."""
    return wanted or kind_of(kind) in (*_ORDERED, TEXT)


def _on_rows(asked: Expectation, names: list[str], kinds: list[pyarrow.DataType]) -> Question | None:
    from pyarrow import compute

    sorts = [kind_of(kind) for kind in kinds]
    if asked.kind.endswith("_to_be_unique"):
        return Unique(names, kinds, asked.kwargs) if all(sort in (*_ORDERED, TEXT) for sort in sorts) else None
    if kinds[0] != kinds[1] or sorts[0] not in _ORDERED or names[0] == names[1]:
        return None
    if asked.kind == "expect_column_pair_values_to_be_equal":
        holds = compute.equal
    else:
        holds = compute.greater_equal if asked.kwargs.get("or_equal") else compute.greater
    return CountingPairs((names[0], names[1]), holds, asked.kwargs, whole=sorts[0] == WHOLE)


def _condition(asked: Expectation, kind: pyarrow.DataType) -> Condition | None:
    given, sort = asked.kwargs, kind_of(kind)
    match asked.kind.removeprefix("expect_column_value"):
        case "s_to_be_between":
            return rowwise.between(kind, given)
        case "s_to_be_in_set" | "s_to_not_be_in_set":
            return rowwise.in_set(kind, given["value_set"], wanted=asked.kind.endswith("to_be_in_set"))
        case "s_to_match_regex" | "s_to_not_match_regex" if sort == TEXT:
            return rowwise.matches(given["regex"], wanted=asked.kind.endswith("to_match_regex"))
        case "_lengths_to_be_between" | "_lengths_to_equal" if sort == TEXT:
            return rowwise.lengths(given)
        case "s_to_be_of_type" | "s_to_be_in_type_list" if sort == TEXT:
            return rowwise.not_text if "str" in given.get("type_list", [given.get("type_")]) else None
    return None


def _on_column(asked: Expectation, name: str, kind: pyarrow.DataType) -> Question | None:
    given, sort = asked.kwargs, kind_of(kind)
    found: Question | None = None
    match asked.kind.removeprefix("expect_column_").removesuffix("_to_be_between"):
        case "min" | "max" if sort in _ORDERED and _exact(kind):
            found = _end(asked, name, kind)
        case "mean" | "sum" | "stdev" as figure if sort in _NUMBERS and _exact(kind):
            found = Moments(name, given, figure)
        case "unique_value_count" | "proportion_of_unique_values" if sort in _ORDERED:
            found = Different(name, given, share=asked.kind.startswith("expect_column_proportion"))
        case "unique_value_count" | "proportion_of_unique_values" if sort == TEXT:
            found = Values(asked.kind, name, given)
        case "values_to_be_of_type" | "values_to_be_in_type_list" if sort in _NUMBERS:
            found = OfType(name, kind, given.get("type_list", [given.get("type_")]))
        case "values_to_be_in_set" | "values_to_not_be_in_set":
            found = None
        case _ if "value_set" in given and sort == (TEXT if isinstance(given["value_set"][0], str) else WHOLE):
            found = Values(asked.kind, name, given)
    return found


def _end(asked: Expectation, name: str, kind: pyarrow.DataType) -> Question | None:
    given = asked.kwargs
    limits: list[Any] = [given.get(key) for key in ("min_value", "max_value")]
    if kind_of(kind) == TIME:
        limits = [rowwise.limit(kind, one) for one in limits]
    if any(one is False or isinstance(one, str) for one in limits):
        return None
    low, high = (one.as_py() if hasattr(one, "as_py") else one for one in limits)
    return End(name, given, (low, high), largest="_max_" in asked.kind)


def _exact(kind: pyarrow.DataType) -> bool:
    """Single precision is added and shown in its own way by pandas."""
    from pyarrow import types

    return not types.is_float32(kind)


class OfType:
    """Whether a column of numbers has one of some types in a frame, where whole numbers with gaps are floats."""

    def __init__(self, name: str, kind: pyarrow.DataType, wanted: list[str]) -> None:
        self.columns = (name,)
        self._kind, self._wanted, self._gaps, self._rows = kind, wanted, 0, 0

    def see(self, batch: Batch) -> None:
        """Count the gaps."""
        self._rows += batch.rows
        self._gaps += batch.columns[self.columns[0]].missing

    def again(self) -> bool:
        """One pass is enough."""
        return False

    def found(self) -> Found | None:
        """The result."""
        import numpy as np
        from pyarrow import types

        gaps = self._gaps and types.is_integer(self._kind)
        kind = np.dtype("float64" if gaps else self._kind.to_pandas_dtype())
        return Found(kind in [np.dtype(name) for name in self._wanted], {"observed_value": kind.type.__name__})
