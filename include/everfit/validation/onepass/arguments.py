"""Which expectations can be answered in one pass: their kinds, and the arguments that are understood exactly.

Nothing here refuses anything. What is not understood (another kind, a row condition, a date without a time, a set that
mixes numbers and text) goes to GX, which knows more and words the mistakes.

>>> understood(Expectation("expect_column_values_to_be_between", {"column": "a", "min_value": 0}))
True
>>> understood(Expectation("expect_column_values_to_be_between", {"column": "a", "min_value": "0"}))
False
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from everfit.validation.suites import Expectation

EXACT = 2**53  # whole numbers up to here are exact as a float
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?([+-]\d\d:\d\d)?")
TYPES = ("bool", "float", "float32", "float64", "int", "int8", "int16", "int32", "int64", "str")

Fits = Callable[[Any], bool]


@dataclass(frozen=True)
class Arguments:
    """What a kind of expectation must be told, and what it may be told."""

    needed: Mapping[str, Fits] = field(default_factory=dict)
    allowed: Mapping[str, Fits] = field(default_factory=dict)
    limits: bool = False

    def fit(self, given: Mapping[str, Any]) -> bool:
        """Whether everything that is needed is given, and everything that is given is allowed and of the right kind."""
        known = {**self.allowed, **self.needed}
        if not all(key in given for key in self.needed) or not all(key in known for key in given):
            return False
        return all(known[key](value) for key, value in given.items()) and (not self.limits or _ordered(given))


def understood(asked: Expectation) -> bool:
    """Whether GX would take these arguments as they stand, and they mean here just what they mean there."""
    arguments = _KINDS.get(asked.kind)
    return arguments is not None and arguments.fit(asked.kwargs)


def _ordered(given: Mapping[str, Any]) -> bool:
    low, high = given.get("min_value"), given.get("max_value")
    if low is None or high is None:
        return low is not None or high is not None
    return isinstance(low, str) == isinstance(high, str) and bool(low <= high)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= EXACT


def _number(value: Any) -> bool:
    return _whole(value) or (isinstance(value, float) and abs(value) <= EXACT)


def _count(value: Any) -> bool:
    return value is None or (_whole(value) and value >= 0)


def _limit(value: Any) -> bool:
    return value is None or _number(value)


def _moment(value: Any) -> bool:
    return _limit(value) or (isinstance(value, str) and _MOMENT.fullmatch(value) is not None)


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _members(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and (all(map(_text, value)) or all(map(_number, value)))


def _names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_text, value)) and len(set(value)) == len(value)


def _several(value: Any) -> bool:
    return _names(value) and len(value) > 1


def _type(value: Any) -> bool:
    return value in TYPES


def _type_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_type, value))


def _pattern(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _one_of(*values: str) -> Fits:
    return lambda value: value in values


_COLUMN: Mapping[str, Fits] = {"column": _text}
_MOSTLY: Mapping[str, Fits] = {"mostly": _share}
_STRICT: Mapping[str, Fits] = {"strict_min": _flag, "strict_max": _flag}


def _between(limit: Fits, needed: Mapping[str, Fits] = _COLUMN, allowed: Mapping[str, Fits] | None = None) -> Arguments:
    return Arguments(needed, {"min_value": limit, "max_value": limit, **_STRICT, **(allowed or {})}, limits=True)


_PAIR = {"column_A": _text, "column_B": _text}
_PAIR_ROWS = {"ignore_row_if": _one_of("both_values_are_missing", "either_value_is_missing", "neither"), **_MOSTLY}
_ROWS = {"ignore_row_if": _one_of("all_values_are_missing", "any_value_is_missing", "never"), **_MOSTLY}

_KINDS: Mapping[str, Arguments] = {
    "expect_table_columns_to_match_set": Arguments({"column_set": _names}, {"exact_match": _flag}),
    "expect_table_columns_to_match_ordered_list": Arguments({"column_list": _names}),
    "expect_table_column_count_to_equal": Arguments({"value": _whole}),
    "expect_table_column_count_to_be_between": _between(_count, {}),
    "expect_table_row_count_to_equal": Arguments({"value": _whole}),
    "expect_table_row_count_to_be_between": _between(_count, {}),
    "expect_column_to_exist": Arguments(_COLUMN),
    "expect_column_values_to_not_be_null": Arguments(_COLUMN, _MOSTLY),
    "expect_column_values_to_be_null": Arguments(_COLUMN, _MOSTLY),
    "expect_column_values_to_be_between": _between(_moment, allowed=_MOSTLY),
    "expect_column_values_to_be_in_set": Arguments({**_COLUMN, "value_set": _members}, _MOSTLY),
    "expect_column_values_to_not_be_in_set": Arguments({**_COLUMN, "value_set": _members}, _MOSTLY),
    "expect_column_values_to_match_regex": Arguments({**_COLUMN, "regex": _pattern}, _MOSTLY),
    "expect_column_values_to_not_match_regex": Arguments({**_COLUMN, "regex": _pattern}, _MOSTLY),
    "expect_column_value_lengths_to_be_between": _between(_count, allowed=_MOSTLY),
    "expect_column_value_lengths_to_equal": Arguments({**_COLUMN, "value": _whole}, _MOSTLY),
    "expect_column_values_to_be_of_type": Arguments({**_COLUMN, "type_": _type}, _MOSTLY),
    "expect_column_values_to_be_in_type_list": Arguments({**_COLUMN, "type_list": _type_list}, _MOSTLY),
    "expect_column_values_to_be_unique": Arguments(_COLUMN, _MOSTLY),
    "expect_compound_columns_to_be_unique": Arguments({"column_list": _several}, _ROWS),
    "expect_column_pair_values_a_to_be_greater_than_b": Arguments(_PAIR, {"or_equal": _flag, **_PAIR_ROWS}),
    "expect_column_pair_values_to_be_equal": Arguments(_PAIR, _PAIR_ROWS),
    "expect_column_min_to_be_between": _between(_moment),
    "expect_column_max_to_be_between": _between(_moment),
    "expect_column_mean_to_be_between": _between(_limit),
    "expect_column_sum_to_be_between": _between(_limit),
    "expect_column_stdev_to_be_between": _between(_limit),
    "expect_column_unique_value_count_to_be_between": _between(_count),
    "expect_column_proportion_of_unique_values_to_be_between": _between(_limit),
    "expect_column_distinct_values_to_be_in_set": Arguments({**_COLUMN, "value_set": _members}),
    "expect_column_distinct_values_to_contain_set": Arguments({**_COLUMN, "value_set": _members}),
    "expect_column_distinct_values_to_equal_set": Arguments({**_COLUMN, "value_set": _members}),
    "expect_column_most_common_value_to_be_in_set": Arguments({**_COLUMN, "value_set": _members}, {"ties_okay": _flag}),
}

ROW_BY_ROW = (
    "expect_column_values_",
    "expect_column_value_lengths_",
    "expect_column_pair_values_",
    "expect_compound_columns_",
    "expect_multicolumn_",
    "expect_select_column_values_",
)

KINDS = tuple(_KINDS)
