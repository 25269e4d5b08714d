"""What inferring changes in a suite: what a person wrote stays, what was inferred before is brought up to date.

An expectation is a person's unless its meta says `{"everfit": "inferred"}`: delete that, and it is yours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from everfit.validation.suites import Expectation

INFERRED = {"everfit": "inferred"}

_VALUES = (
    "expect_column_values_to_be_between", "expect_column_values_to_be_in_set", "expect_column_values_to_match_regex",
    "expect_column_values_to_match_regex_list", "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_not_match_regex", "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_equal_set", "expect_column_value_lengths_to_be_between",
    "expect_column_value_lengths_to_equal", "expect_column_unique_value_count_to_be_between",
    "expect_column_min_to_be_between", "expect_column_max_to_be_between",
    "expect_column_values_to_match_strftime_format",
)  # fmt: skip
_TOPICS: Mapping[str, str] = {
    "expect_table_columns_to_match_set": "columns",
    "expect_table_columns_to_match_ordered_list": "columns",
    "expect_table_row_count_to_be_between": "rows",
    "expect_table_row_count_to_equal": "rows",
    "expect_compound_columns_to_be_unique": "key",
    "expect_column_values_to_be_unique": "key",
    "expect_column_values_to_not_be_null": "empty",
    "expect_column_values_to_be_null": "empty",
    "expect_column_values_to_be_of_type": "type",
    "expect_column_values_to_be_in_type_list": "type",
    "expect_column_pair_values_a_to_be_greater_than_b": "order",
    **dict.fromkeys(_VALUES, "values"),
}
_OF_THE_TABLE = ("columns", "rows", "key")


@dataclass(frozen=True)
class Changed:
    """The expectation at `place` (from 0) gets other arguments, and other words if it had been inferred."""

    place: int
    kwargs: Mapping[str, Any]
    description: str | None


@dataclass(frozen=True)
class Conflict:
    """The expectation at `place` is broken by accepted batches: what was found in which, and whether it was mended."""

    place: int
    expectation: Expectation
    found: str
    mended: bool


@dataclass(frozen=True)
class Merge:
    """What would become of a suite: changed arguments, new expectations, and what cannot be so."""

    changed: tuple[Changed, ...]
    added: tuple[Expectation, ...]
    conflicts: tuple[Conflict, ...]


def merge(
    suite: Sequence[Expectation], inferred: Sequence[bool], proposed: Sequence[Expectation], broken: Mapping[int, str]
) -> Merge:
    """Put `proposed` into a suite; `inferred` says which of its expectations are ours, `broken` which do not hold.

    - A person's expectation that holds stays, and nothing more is proposed on its topic (a range where there is a set).
    - One that accepted batches break is a conflict. If it is critical its arguments are widened just so far that it
      holds, where we know how; a warning stays, since it does what it is for.
    - Ours takes the arguments that the batches teach now. Nothing is ever removed.
    """
    answers = {_topic(one): one for one in proposed}
    changed, conflicts = [], []
    for place, (written, ours) in enumerate(zip(suite, inferred, strict=True)):
        answer = answers.get(_topic(written))
        same = answer is not None and answer.kind == written.kind
        wanted = dict(written.kwargs)
        if answer and same and ours:
            wanted = {**wanted, **answer.kwargs}
            wanted = {key: value for key, value in wanted.items() if key in answer.kwargs or key not in _OURS}
        elif answer and same and place in broken and _stops(written):
            wanted = widened(written, answer)
        if place in broken:
            conflicts.append(Conflict(place, written, broken[place], wanted != written.kwargs))
        if wanted != written.kwargs:
            changed.append(Changed(place, wanted, answer.description if answer and ours else None))
    taken = {_topic(one) for one in suite}
    added = tuple(one for topic, one in answers.items() if topic not in taken)
    return Merge(tuple(changed), added, tuple(conflicts))


_OURS = ("min_value", "max_value", "mostly", "value_set", "regex")
_LEAST, _MOST = ("min_value", "mostly"), ("max_value",)


def widened(written: Expectation, answer: Expectation) -> dict[str, Any]:
    """A person's arguments, loosened to what the batches need and no further: what else they wrote stays.

    >>> hours = Expectation("expect_column_values_to_be_between", {"column": "hour", "min_value": 5, "max_value": 20})
    >>> widened(hours, Expectation(hours.kind, {"column": "hour", "min_value": 0, "max_value": 23}))
    {'column': 'hour', 'min_value': 0, 'max_value': 23}
    """
    made = dict(written.kwargs)
    if written.kind.endswith("not_be_null") and "mostly" in answer.kwargs:
        made["mostly"] = min(made.get("mostly", 1), answer.kwargs["mostly"])
        return made
    for key, value in written.kwargs.items():
        new = answer.kwargs.get(key)
        if key in _LEAST and _comparable(value, new):
            made[key] = min(value, new)
        elif key in _MOST and _comparable(value, new):
            made[key] = max(value, new)
        elif key in _MOST and new is None:
            del made[key]
        elif key in ("value_set", "type_list") and isinstance(new, list):
            made[key] = [*value, *(one for one in new if one not in value)]
        elif key in ("regex", "column_set", "column_list", "exact_match") and new is not None:
            made[key] = new
    return made


def _comparable(one: Any, other: Any) -> bool:
    return all(isinstance(value, int | float) for value in (one, other)) or (
        isinstance(one, str) and isinstance(other, str)
    )


def _stops(one: Expectation) -> bool:
    return one.severity not in ("warning", "info")


def _topic(one: Expectation) -> tuple[str, ...]:
    topic = _TOPICS.get(one.kind, one.kind)
    if topic in _OF_THE_TABLE:
        return (topic,)
    named: Iterable[Any] = one.kwargs.get("column_list") or (
        one.kwargs[key] for key in ("column", "column_A", "column_B") if key in one.kwargs
    )
    return (topic, *sorted(map(str, named)))
