"""What an expectation wants, and what was found instead, in plain words for reports and ledger entries.

>>> wanted(Expectation("expect_column_values_to_be_between", {"column": "clock", "min_value": 0, "max_value": 1440}))
'between 0 and 1440'
>>> wanted(Expectation("expect_column_values_to_not_be_null", {"column": "tailnum", "mostly": 0.9}))
'a value in at least 90% of the rows'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from everfit.validation.suites import Expectation
from everfit.values import Check

_SHOWN = 3
_TINY = 0.001
_NUMBERS = "numbers"
_TYPES = ("expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list")
_LONGEST = 60
_ENOUGH_NAMES = 8
_GROUPED = 10_000  # years and clock times stay as they are written


def wanted(asked: Expectation) -> str:
    """What the expectation asks for: the team's own description, or a few words made from its kind and arguments."""
    if asked.description:
        return asked.description
    phrase = _WANTED.get(asked.kind)
    mostly = asked.kwargs.get("mostly", 1)
    words = phrase(asked.kwargs) if phrase else _plainly(asked)
    if mostly >= 1:
        return words
    part = f"in at least {100 * mostly:.4g}% of the rows"
    return words.replace("in every row", part) if "in every row" in words else f"{words}, {part}"


def check(table: str, asked: Expectation, passed: bool, result: Mapping[str, Any]) -> Check:
    """What came of one expectation, from the `result` part of a validation result in BASIC format."""
    seen = found(asked, result)
    if asked.kind == "expect_column_to_exist":
        seen = "it" if passed else "no such column"
    return Check(table, asked.column, wanted(asked), seen, passed, asked.severity, share(result))


def wants_numbers(asked: Expectation) -> bool:
    """Whether the expectation is that a column holds numbers."""
    return wanted(asked).startswith(_NUMBERS)


def found(asked: Expectation, result: Mapping[str, Any]) -> str:
    """What GX saw, from the `result` part of a validation result in BASIC format."""
    if "unexpected_count" in result or "missing_count" in result:
        return _count(asked, result) if "element_count" in result else _set_of_values(result)
    if mismatched := (result.get("details") or {}).get("mismatched"):
        return _mismatched(mismatched)
    if "observed_value" not in result:
        return "nothing"
    seen = result["observed_value"]
    if asked.kind.startswith("expect_table_columns"):
        return f"{len(seen)} columns, as wanted"
    shown = str(seen) if asked.kind in _TYPES else value(seen)
    unit = _UNITS.get(asked.kind, "")
    return shown + (unit.removesuffix("s") if shown == "1" else unit)


def share(result: Mapping[str, Any]) -> float | None:
    """The part of all rows that break the expectation, if rows were counted."""
    count, of = result.get("unexpected_count"), result.get("element_count")
    return None if count is None or of is None else count / of if of else 0.0


def value(thing: Any) -> str:
    """A single value as it reads best: `27,004`, `1440`, `0.25`, `'EWR'`, and nothing longer than a line."""
    if isinstance(thing, bool) or thing is None:
        return "empty" if thing is None else str(thing)
    if isinstance(thing, int | float):
        text = f"{int(thing):,}" if float(thing).is_integer() else f"{thing:,.7g}"
        return text.replace(",", "") if abs(thing) < _GROUPED else text
    if isinstance(thing, Mapping):
        return " ".join(f"{key} {value(part)}" for key, part in thing.items())
    text = repr(thing) if isinstance(thing, str) else str(thing)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def percent(part: float) -> str:
    """A share with two digits that count.

    >>> percent(0.2), percent(0.0537), percent(0.000035), percent(1), percent(0)
    ('20%', '5.4%', '0.0035%', '100%', '0%')
    """
    hundredths = 100 * part
    if 0 < hundredths < _TINY:
        return f"<{_TINY:g}%"
    return f"{hundredths:.2g}%" if hundredths < 10 else f"{hundredths:.0f}%"  # noqa: PLR2004 - two digits from there on


def names(given: Iterable[Any]) -> str:
    """Names in a row: all of them, or the first few and how many more."""
    known = [str(name) for name in given]
    more = len(known) - _ENOUGH_NAMES
    return ", ".join(known[:_ENOUGH_NAMES]) + (f" and {more} more" if more > 0 else "")


def examples(values: Iterable[Any]) -> str:
    """`, such as 1,500, -2`: the first few different values; empty if there is none to show."""
    different = dict.fromkeys(value(v) for v in values if v is not None)
    return f", such as {', '.join(list(different)[:_SHOWN])}" if different else ""


def _count(asked: Expectation, result: Mapping[str, Any]) -> str:
    count, of = result["unexpected_count"], result["element_count"] - result.get("missing_count", 0)
    if not count:
        return f"all {value(of)} rows" if of else "no values to look at"
    what = _BREAKS.get(asked.kind, "otherwise")
    part = f" ({percent(count / of)})" if of else ""
    return f"{value(count)} of {value(of)} rows {what}{part}{examples(result.get('partial_unexpected_list', []))}"


def _mismatched(columns: Any) -> str:
    """Columns that differ from those agreed on: by name, or place by place."""
    if isinstance(columns, Mapping):
        return "; ".join(f"{what} {names(columns[what])}" for what in ("missing", "unexpected") if columns.get(what))
    return names(f"{one['Found'] or 'nothing'} instead of {one['Expected'] or 'nothing'}" for one in columns)


def _set_of_values(result: Mapping[str, Any]) -> str:
    more, missing = (sorted(map(str, result.get(f"partial_{one}_list", []))) for one in ("unexpected", "missing"))
    parts = [f"also {names(more)}"] if more else []
    return "; ".join([*parts, f"no {names(missing)}"] if missing else parts) or "just that"


def _between(kwargs: Mapping[str, Any], unit: str = "") -> str:
    low, high = (_bound(kwargs.get(key)) for key in ("min_value", "max_value"))
    if low and low == high:
        return f"exactly {low}{unit.removesuffix('s') if low == '1' else unit}"
    if low and high:
        return f"between {low} and {high}{unit}"
    above = "more than" if kwargs.get("strict_min") else "at least"
    below = "less than" if kwargs.get("strict_max") else "at most"
    return f"{above} {low}{unit}" if low else f"{below} {high}{unit}"


def _bound(limit: Any) -> str:
    return "" if limit is None else limit.removesuffix("T00:00:00+00:00") if isinstance(limit, str) else value(limit)


def _set(kwargs: Mapping[str, Any]) -> str:
    return names(kwargs.get("value_set") or ())


def _types(kwargs: Mapping[str, Any]) -> str:
    kinds = kwargs.get("type_list") or [kwargs.get("type_")]
    if all(str(kind).lower().startswith(("int", "float", "uint")) for kind in kinds):
        return _NUMBERS
    return "text" if kinds == ["str"] else f"of type {' or '.join(map(str, kinds))}"


def _plainly(asked: Expectation) -> str:
    rest = {key: given for key, given in asked.kwargs.items() if key not in ("column", "mostly")}
    text = asked.kind.removeprefix("expect_").removeprefix("column_").replace("_", " ")
    return text + (f" ({', '.join(f'{key}={value(given)}' for key, given in rest.items())})" if rest else "")


def _of(what: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda kwargs: f"{what} {_between(kwargs)}"


_WANTED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "expect_table_columns_to_match_set": lambda k: f"the {len(k.get('column_set') or ())} columns that are agreed on",
    "expect_table_columns_to_match_ordered_list": lambda k: (
        f"the columns {names(k.get('column_list') or ())}, in order"
    ),
    "expect_table_column_count_to_be_between": lambda k: _between(k, " columns"),
    "expect_table_row_count_to_be_between": lambda k: _between(k, " rows"),
    "expect_table_row_count_to_equal": lambda k: f"exactly {value(k.get('value'))} rows",
    "expect_column_to_exist": lambda _: "the column is there",
    "expect_column_values_to_not_be_null": lambda _: "a value in every row",
    "expect_column_values_to_be_null": lambda _: "no value in any row",
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": lambda k: f"one of {_set(k)}",
    "expect_column_values_to_not_be_in_set": lambda k: f"none of {_set(k)}",
    "expect_column_distinct_values_to_be_in_set": lambda k: f"only {_set(k)}",
    "expect_column_distinct_values_to_contain_set": lambda k: f"{_set(k)} among the values",
    "expect_column_distinct_values_to_equal_set": lambda k: f"just the values {_set(k)}",
    "expect_column_values_to_be_of_type": _types,
    "expect_column_values_to_be_in_type_list": _types,
    "expect_column_values_to_be_unique": lambda _: "no value twice",
    "expect_compound_columns_to_be_unique": lambda k: f"no two rows with the same {names(k.get('column_list') or ())}",
    "expect_column_values_to_match_regex": lambda k: f"text like {k.get('regex')}",
    "expect_column_value_lengths_to_be_between": lambda k: _between(k, " characters"),
    "expect_column_unique_value_count_to_be_between": lambda k: _between(k, " different values"),
    "expect_column_proportion_of_unique_values_to_be_between": _of("a share of different values"),
    "expect_column_mean_to_be_between": _of("a mean"),
    "expect_column_median_to_be_between": _of("a median"),
    "expect_column_stdev_to_be_between": _of("a standard deviation"),
    "expect_column_sum_to_be_between": _of("a sum"),
    "expect_column_min_to_be_between": _of("a minimum"),
    "expect_column_max_to_be_between": _of("a maximum"),
    "expect_column_pair_values_a_to_be_greater_than_b": lambda k: f"{k.get('column_A')} above {k.get('column_B')}",
    "expect_column_pair_values_to_be_equal": lambda k: f"{k.get('column_A')} equal to {k.get('column_B')}",
}

_BREAKS: Mapping[str, str] = {
    "expect_column_values_to_not_be_null": "empty",
    "expect_column_values_to_be_null": "with a value",
    "expect_column_values_to_be_between": "outside",
    "expect_column_values_to_be_in_set": "with another value",
    "expect_column_values_to_be_in_type_list": "of another type",
    "expect_column_values_to_be_of_type": "of another type",
    "expect_column_values_to_be_unique": "share their value",
    "expect_compound_columns_to_be_unique": "share them",
    "expect_column_values_to_match_regex": "unlike it",
}

_UNITS: Mapping[str, str] = {
    "expect_table_row_count_to_be_between": " rows",
    "expect_table_row_count_to_equal": " rows",
    "expect_table_column_count_to_be_between": " columns",
    "expect_column_unique_value_count_to_be_between": " different values",
}
