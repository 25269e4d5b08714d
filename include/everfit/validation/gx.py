"""Asking Great Expectations itself, and failing closed: what was not evaluated has not passed.

Most expectations are answered in one pass without it (`everfit.validation.ask`); this is who is asked about the rest.

GX pitfalls that this module stands between: an unknown expectation type is logged and left out; an expectation that
raises has no fixed shape; results come in another order; pandas' `str` columns match no type name; a file context is
corrupted by parallel writers (so: an ephemeral one); usage is reported home unless told not to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError, did_you_mean
from everfit.validation import words
from everfit.validation.custom import load_custom
from everfit.validation.onepass.arguments import ROW_BY_ROW, understood
from everfit.validation.suites import Expectation, Suite
from everfit.values import Check

if TYPE_CHECKING:
    from pandas import DataFrame

_PLACE = "everfit_place"
_MORE_THAN_BASIC = (
    "partial_unexpected_counts",
    "partial_unexpected_index_list",
    "unexpected_index_list",
    "unexpected_index_query",
    "unexpected_list",
)


@dataclass(frozen=True)
class Told:
    """What GX says of one expectation: the check, its validation result, and the rows that break it if asked for."""

    check: Check
    result: Mapping[str, Any]
    rows: tuple[int, ...] | None = None


def run(suite: Suite, table: str, frame: DataFrame) -> tuple[Check, ...]:
    """Ask every expectation of `suite` of `frame`; one check for each, in the suite's order.

    Errors: `SpecError` for an expectation or an argument that GX does not know. Nothing that is wrong with the data
    raises: an expectation that could not be evaluated is a failed check that says why.
    """
    told = answers(suite, table, frame, range(len(suite.expectations)))
    return tuple(told[place].check for place in range(len(suite.expectations)))


def answers(suite: Suite, table: str, frame: DataFrame, places: Iterable[int]) -> Mapping[int, Told]:
    """Ask some expectations of `suite`, by their places in it; of those that quarantine, name the rows too."""
    asked = {place: suite.expectations[place] for place in places}
    load_custom(suite.path.parent)
    expectations = {place: _build_one(suite, place, one) for place, one in asked.items()}
    frame = _plain_text(frame)
    results = _evaluate(expectations, frame, {place for place, one in asked.items() if one.severity == "quarantine"})
    told = {}
    for place, one in asked.items():
        answer = dict(results.get(place) or {})
        rows = (answer.get("result") or {}).get("unexpected_index_list")
        answer["result"] = {k: v for k, v in (answer.get("result") or {}).items() if k not in _MORE_THAN_BASIC}
        check = _check(table, one, answer, frame)
        told[place] = Told(check, answer, None if rows is None else tuple(rows))
    return told


def check_suite(suite: Suite) -> None:
    """Hold a suite against the expectations that GX knows: `SpecError` at the first that is wrong.

    GX is not even imported for expectations and arguments that are known to be right.
    """
    if not all(map(understood, suite.expectations)):
        load_custom(suite.path.parent)
    for place, asked in enumerate(suite.expectations):
        known = understood(asked)
        if not known:
            _build_one(suite, place, asked)
        if asked.severity == "quarantine" and not (asked.kind.startswith(ROW_BY_ROW) if known else _names_rows(asked)):
            raise SpecError(
                f"{suite.path}: expectation {place + 1} ({asked.kind}): on_failure: quarantine_rows needs an "
                "expectation on single rows; this one is on the table or column as a whole"
            )


def _names_rows(asked: Expectation) -> bool:
    from great_expectations.expectations import expectation as kinds
    from great_expectations.expectations.registry import get_expectation_impl

    by_row = (kinds.ColumnMapExpectation, kinds.ColumnPairMapExpectation, kinds.MulticolumnMapExpectation)
    return issubclass(get_expectation_impl(asked.kind), by_row)


def _build_one(suite: Suite, place: int, asked: Expectation) -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read by GX when it is imported
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    where = f"{suite.path}: expectation {place + 1} ({asked.kind})"
    known = list_registered_expectation_implementations()
    if asked.kind not in known:
        raise SpecError(f"{where}: GX has no such expectation{_nearest(asked.kind, known)}")
    try:
        return ExpectationConfiguration(
            type=asked.kind, kwargs=dict(asked.kwargs), meta={_PLACE: place}, severity=asked.gx_severity
        ).to_domain_obj()
    except (GreatExpectationsError, ValueError, TypeError) as error:
        raise SpecError(f"{where}: {_mistake(error)}") from error


def _evaluate(expectations: Mapping[int, Any], frame: DataFrame, by_row: Collection[int]) -> Mapping[int, Any]:
    """GX's results by the place of the expectation; whatever has no single result is left out, and so fails."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("delivery").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    results: dict[int, Mapping[str, Any]] = {}
    for detail in ("BASIC", "COMPLETE"):
        some = [one for place, one in expectations.items() if (place in by_row) == (detail == "COMPLETE")]
        for answer in _ask(batch, some, detail) if some else ():
            place = answer["expectation_config"]["meta"][_PLACE]
            results[place] = {} if place in results else answer
    return results


def _ask(batch: Any, expectations: list[Any], detail: str = "BASIC") -> list[dict[str, Any]]:
    import great_expectations as gx

    suite = gx.ExpectationSuite(name="asked", expectations=expectations)
    try:
        answers = batch.validate(suite, result_format=detail).results
        return [json.loads(json.dumps(answer.to_json_dict(), default=_plain)) for answer in answers]
    except MemoryError:
        raise
    except Exception as error:  # GX lets some errors of one expectation, of any type, end the whole run
        if len(expectations) > 1:
            return [answer for one in expectations for answer in _ask(batch, [one], detail)]
        message = {"exception_message": f"{type(error).__name__}: {error}"}
        return [{"expectation_config": {"meta": expectations[0].meta}, "exception_info": message}]


def _plain(value: Any) -> Any:
    """NumPy's numbers, which GX leaves in places, as JSON has them."""
    return value.item() if hasattr(value, "item") else str(value)


def _check(table: str, asked: Expectation, answer: Mapping[str, Any] | None, frame: DataFrame) -> Check:
    nothing = not answer or (not answer.get("result") and answer.get("success") is not True)
    if nothing or asked.column not in (None, *frame.columns):
        return Check(table, asked.column, words.wanted(asked), _why_not(asked, answer, frame), False, asked.severity)
    assert answer is not None  # noqa: S101 - for mypy: `nothing` says so
    check = words.check(table, asked, answer.get("success") is True, answer["result"])
    if not check.passed and words.wants_numbers(asked) and len(text := _text(frame, asked.column)):
        found = f"text in {words.value(len(text))} of {words.value(len(frame))} rows{words.examples(text)}"
        return replace(check, found=found, share=len(text) / len(frame))
    return check


def _why_not(asked: Expectation, answer: Mapping[str, Any] | None, frame: DataFrame) -> str:
    """Why there is no usable answer. GX's own messages are long, so the likely reasons are looked for first."""
    kwargs = asked.kwargs
    named = [asked.column, kwargs.get("column_A"), kwargs.get("column_B"), *(kwargs.get("column_list") or ())]
    missing = [name for name in named if name is not None and name not in frame.columns]
    if missing:
        return "no such column" if missing == [asked.column] else f"no column {words.names(missing)}"
    if {"min_value", "max_value"} & kwargs.keys() and len(text := _text(frame, asked.column)):
        return f"text{words.examples(text)}"
    return f"that it could not be evaluated: {_message(answer or {}) or 'GX gave no answer'}"


def _text(frame: DataFrame, column: str | None) -> Any:
    """The texts in a column, or only those that are no numbers if there are any: what made it a column of text."""
    from pandas import Series, to_numeric

    if column is None or frame[column].dtype != object:
        return Series(dtype=object)
    texts = frame[column][frame[column].map(lambda value: isinstance(value, str))]
    odd = texts[to_numeric(texts, errors="coerce").isna()]
    return odd if len(odd) else texts


def _message(answer: Mapping[str, Any]) -> str:
    """The first message in GX's `exception_info`, which is one of it or a dict of them."""
    info = answer.get("exception_info") or {}
    entries = [info, *(entry for entry in info.values() if isinstance(entry, dict))]
    messages = [str(entry["exception_message"]) for entry in entries if entry.get("exception_message")]
    return messages[0].strip().splitlines()[0] if messages else ""


def _plain_text(frame: DataFrame) -> DataFrame:
    """Text as Python objects: no type name of GX matches pandas' own `str` columns."""
    return frame.astype({name: object for name, kind in frame.dtypes.items() if kind == "str"})


def _nearest(kind: str, known: list[str]) -> str:
    return did_you_mean(kind, known).split(" (known:")[0]


def _mistake(error: Exception) -> str:
    told = getattr(error, "errors", None)  # pydantic's list of what is wrong
    if not callable(told):
        return str(error).splitlines()[0]
    wrong = {".".join(map(str, one["loc"])).replace("__root__", "arguments"): one["msg"] for one in reversed(told())}
    return "; ".join(f"{what}: {why}" for what, why in sorted(wrong.items()))
