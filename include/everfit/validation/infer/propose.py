"""From the profiles of several batches to what may be expected of the next.

Two severities: structure that a model is built on (columns, types, what is never empty, keys) is `critical`. What is
estimated (ranges, sets, shapes, shares, volumes) is `warning`: it has a false-alarm rate, and a person decides whether
a miss should stop a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from everfit.validation.infer.bounds import least_share, lower, row_counts, upper
from everfit.validation.infer.profile import NUMBERS, TEXT, TIME, TRUTH, Column, Profile
from everfit.validation.infer.shapes import Shape
from everfit.validation.suites import Expectation
from everfit.validation.words import wanted

FIRM, SOFT = "critical", "warning"
_OFTEN = 5
_WORTH_ASKING = 0.05
_GROWS = 3


@dataclass(frozen=True)
class Evidence:
    """What the expectations on one table are learnt from: profiles of different data, oldest first."""

    profiles: Sequence[Profile]

    @property
    def rows(self) -> int:
        """All rows together."""
        return sum(one.rows for one in self.profiles)

    @property
    def words(self) -> str:
        """`336,776 rows of 12 batches`."""
        count = len(self.profiles)
        return f"{self.rows:,} rows of {count} batch{'es' * (count > 1)}"

    def of(self, name: str) -> list[Column]:
        """One column in each of the batches that have it."""
        return [one.columns[name] for one in self.profiles if name in one.columns]


def propose(evidence: Evidence) -> tuple[Expectation, ...]:
    """Every expectation that the batches support, table first, then column by column; all of them accept the batches.

    Columns that some batch lacks are only asked for by the columns' expectation, and not looked into.
    """
    found = [*_table(evidence)]
    names = [name for name in evidence.profiles[0].columns if len(evidence.of(name)) == len(evidence.profiles)]
    for name in names:
        columns = evidence.of(name)
        found += [*_nullness(name, columns, evidence), *_type(name, columns, evidence), *_values(name, columns)]
    found += _order(evidence)
    return tuple(_described(one, evidence) for one in found)


def _described(one: Expectation, evidence: Evidence) -> Expectation:
    return Expectation(one.kind, one.kwargs, one.severity, f"{wanted(one)}; learnt from {evidence.words}")


def _table(evidence: Evidence) -> Iterator[Expectation]:
    known = [list(one.columns) for one in evidence.profiles]
    shared = [name for name in known[0] if all(name in names for names in known)]
    exact = all(set(names) == set(shared) for names in known)
    yield _ask("expect_table_columns_to_match_set", FIRM, column_set=shared, exact_match=exact)
    low, high = row_counts([one.rows for one in evidence.profiles])
    yield _ask("expect_table_row_count_to_be_between", SOFT, min_value=low, max_value=high)
    key = evidence.profiles[-1].keys.best()
    if key and len(key) == 1:
        yield _ask("expect_column_values_to_be_unique", FIRM, column=key[0])
    elif key:
        yield _ask("expect_compound_columns_to_be_unique", FIRM, column_list=list(key))


def _nullness(name: str, columns: Sequence[Column], evidence: Evidence) -> Iterator[Expectation]:
    """Never empty: critical, except for fractions. These are measured, and a measurement fails at times."""
    rows = [one.rows for one in evidence.profiles]
    measured = any(column.kind == NUMBERS and not column.whole for column in columns)
    if not measured and not any(column.nulls for column in columns):
        yield _ask("expect_column_values_to_not_be_null", FIRM, column=name)
        return
    shares = [1 - column.nulls / of for column, of in zip(columns, rows, strict=True)]
    bound = least_share(shares, min(rows))
    if bound >= _WORTH_ASKING:
        yield _ask("expect_column_values_to_not_be_null", SOFT, column=name, mostly=bound)


def _type(name: str, columns: Sequence[Column], evidence: Evidence) -> Iterator[Expectation]:
    """A column without any value in some batch is read as floats there, so that nothing can be asked of its type."""
    kinds = {column.kind for column in columns}
    filled = all(column.nulls < one.rows for column, one in zip(columns, evidence.profiles, strict=True))
    if len(kinds) > 1 or not filled:
        return
    names = {column.type_name for column in columns}
    match kinds.pop():
        case kind if kind == TEXT:
            yield _ask("expect_column_values_to_be_in_type_list", FIRM, column=name, type_list=["str"])
        case kind if kind == NUMBERS:  # whole numbers become floats in the first batch with an empty value
            types = ["int64", "float64", *sorted(names - {"int64", "float64"})]
            yield _ask("expect_column_values_to_be_in_type_list", FIRM, column=name, type_list=types)
        case kind if kind == TRUTH and not any(column.nulls for column in columns):
            yield _ask("expect_column_values_to_be_in_type_list", FIRM, column=name, type_list=["bool"])


def _values(name: str, columns: Sequence[Column]) -> Iterator[Expectation]:
    kinds = {column.kind for column in columns}
    if kinds == {NUMBERS}:
        yield from _range(name, columns)
    elif kinds == {TIME}:
        yield from _not_before(name, columns)
    elif kinds == {TEXT}:
        values = _closed_set(columns)
        regex = None if values else _shape(columns).regex()
        if values:
            yield _ask("expect_column_values_to_be_in_set", SOFT, column=name, value_set=values)
        elif regex:
            yield _ask("expect_column_values_to_match_regex", SOFT, column=name, regex=regex)


def _range(name: str, columns: Sequence[Column]) -> Iterator[Expectation]:
    """Between bounds with a margin. A constant has no spread to learn from (a year is one, until it is over), and what
    grows from batch to batch (a counter, the month) has no bounds."""
    seen = [column for column in columns if column.low is not None]
    if not seen or any(column.infinite for column in columns) or _grows(seen):
        return
    lows, highs = [column.low for column in seen], [column.high for column in seen]
    span = max(highs) - min(lows)
    if not span:
        return
    whole = all(column.whole for column in columns)
    bounds = {"min_value": lower(lows, span), "max_value": upper(highs, span)}
    bounds = {key: int(bound) if whole or float(bound).is_integer() else bound for key, bound in bounds.items()}
    yield _ask("expect_column_values_to_be_between", SOFT, column=name, **bounds)


def _grows(columns: Sequence[Column]) -> bool:
    return len(columns) >= _GROWS and all(earlier.high < later.low for earlier, later in pairwise(columns))


def _not_before(name: str, columns: Sequence[Column]) -> Iterator[Expectation]:
    """Time goes on, so there is no upper bound; the lower one is a year further back than the data reaches, or more."""
    seen = [column for column in columns if column.low is not None]
    if not seen:
        return
    low = min(column.low for column in seen)
    back = low - (max(column.high for column in seen) - low)
    moment = datetime(back.year - 1 if back.year == low.year else back.year, 1, 1, tzinfo=UTC)
    text = moment.isoformat() if seen[0].type_name == "moment" else moment.replace(tzinfo=None).isoformat()
    yield _ask("expect_column_values_to_be_between", SOFT, column=name, min_value=text)


def _closed_set(columns: Sequence[Column]) -> list[str] | None:
    """The few texts of a column, if it looks as if there were no others.

    How likely the next batch brings a new one is about the number of texts seen in one batch only, over the number of
    batches (Good 1953, doi:10.1093/biomet/40.3-4.237, with batches in the place of draws). So there must be none, and
    each text must have been seen some times.
    """
    if any(column.few is None for column in columns):
        return None
    batches = Counter(text for column in columns for text in column.few or ())
    rows = sum((column.few or Counter() for column in columns), Counter[str]())
    once = [text for text, times in batches.items() if times == 1 < len(columns)]
    if len(batches) < 2 or once or min(rows.values()) < _OFTEN:  # noqa: PLR2004 - a set has two members or more
        return None
    return sorted(batches)


def _shape(columns: Sequence[Column]) -> Shape:
    shape = Shape()
    for column in columns:
        shape = shape.merge(column.shape)
    return shape


def _order(evidence: Evidence) -> Iterator[Expectation]:
    pairs = frozenset.intersection(*(one.in_order for one in evidence.profiles))
    for early, late in sorted(pair for pair in pairs if pair[::-1] not in pairs):
        kwargs: Mapping[str, Any] = {"column_A": late, "column_B": early, "or_equal": True}
        yield _ask(
            "expect_column_pair_values_a_to_be_greater_than_b", SOFT, **kwargs, ignore_row_if="either_value_is_missing"
        )


def _ask(kind: str, severity: str, **kwargs: Any) -> Expectation:
    return Expectation(kind, kwargs, severity)
