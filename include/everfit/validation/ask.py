"""Asking a table its suite: one pass over the rows for the common expectations, Great Expectations for the rest.

Both give the same checks and the same validation results, in GX's shape (`docs/decisions/0013` has the figures).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from everfit.validation import words
from everfit.validation.formats import Part
from everfit.validation.onepass.column import Batch, Column
from everfit.validation.onepass.marks import Marks
from everfit.validation.onepass.planning import Question, question
from everfit.validation.onepass.shape import document
from everfit.validation.stream import ahead, part_batches, repetitive, schema
from everfit.validation.suites import Expectation, Suite
from everfit.values import Check

if TYPE_CHECKING:
    import pyarrow

_ALL_COLUMNS = ("row_condition", "condition_parser")


@dataclass(frozen=True)
class BadRows:
    """The rows that break one expectation which takes bad rows out, and the reason as people read it."""

    reason: str
    rows: Marks


@dataclass(frozen=True)
class Answer:
    """What a table answers to its suite: how many `rows` and `columns` it has, and what was found.

    `checks` and `results` (validation results as GX writes them) stand in the suite's order; `bad` are the rows to be
    withheld, one entry for each expectation that wants rows withheld and found some.
    """

    rows: int
    columns: int
    checks: tuple[Check, ...]
    results: tuple[Mapping[str, Any], ...]
    bad: tuple[BadRows, ...]


def ask(suite: Suite, table: str, parts: Sequence[Part]) -> Answer:
    """Ask every expectation of `suite` of the table in `parts`.

    A failed check that should withhold rows but cannot name them is critical. Errors: `SpecError` for an expectation or
    an argument that GX does not know, `DataError` for files that cannot be read whole or do not agree.
    """
    known = schema(parts)
    questions = {
        place: asked_of
        for place, asked in enumerate(suite.expectations)
        if (asked_of := question(asked, known)) is not None
    }
    marks = {place: Marks() for place, asked in enumerate(suite.expectations) if asked.severity == "quarantine"}
    rows = _stream(questions, marks, parts, known)
    checks: dict[int, Check] = {}
    results: dict[int, Mapping[str, Any]] = {}
    for place, asked_of in questions.items():
        if found := asked_of.found():
            asked = suite.expectations[place]
            checks[place] = words.check(table, asked, found.success, found.result)
            results[place] = document(asked, place, found)
    rest = [place for place in range(len(suite.expectations)) if place not in checks]
    if rest:
        _ask_gx(suite, table, parts, known.names, rest, (checks, results, marks))
    places = range(len(suite.expectations))
    settled = tuple(_settled(checks[place], marks.get(place)) for place in places)
    bad = [(settled[place], one) for place, one in marks.items() if settled[place].severity == "quarantine"]
    return Answer(
        rows,
        len(known),
        settled,
        tuple(results[place] for place in places),
        tuple(BadRows(_reason(check), one) for check, one in bad if not check.passed),
    )


def _stream(
    questions: Mapping[int, Question], marks: Mapping[int, Marks], parts: Sequence[Part], known: pyarrow.Schema
) -> int:
    """Show all rows to the questions, and again to those that want to see them again; how many rows there are."""
    rows, asking = 0, dict(questions)
    for number in range(_PASSES):
        columns = [name for name in known.names if any(name in one.columns for one in asking.values())]
        for batch in _batches(parts, known, columns):
            rows += batch.rows if not number else 0
            for place, one in asking.items():
                broken = one.see(batch)
                if broken is not None and place in marks:
                    marks[place].add(batch, broken)
        asking = {place: one for place, one in asking.items() if one.again()}
        for place in asking.keys() & marks.keys():
            marks[place].clear()
        if not asking:
            break
    return rows


def _batches(parts: Sequence[Part], known: pyarrow.Schema, columns: Sequence[str]) -> Any:
    for number, part in enumerate(parts):
        start = 0
        for batch in ahead(part_batches(part, known, columns, repetitive(part, columns))):
            seen = {name: Column(values) for name, values in zip(columns, batch.columns, strict=True)}
            yield Batch(number, start, batch.num_rows, seen)
            start += batch.num_rows


_PASSES = 5  # at most: rising, keys, marks, and two more for hashes that collide


def _ask_gx(
    suite: Suite,
    table: str,
    parts: Sequence[Part],
    names: Sequence[str],
    places: Sequence[int],
    into: tuple[dict[int, Check], dict[int, Mapping[str, Any]], Mapping[int, Marks]],
) -> None:
    from everfit.validation import gx
    from everfit.validation.read import read_parts
    from everfit.validation.stream import rows

    checks, results, marks = into
    frame = read_parts(parts, _needed([suite.expectations[place] for place in places], names))
    told = gx.answers(suite, table, frame, places)
    sizes = [rows([part]) for part in parts] if marks else []
    for place, one in told.items():
        checks[place], results[place] = one.check, one.result
        if place in marks:
            marks[place].set(one.rows or (), sizes)


def _needed(asked: Sequence[Expectation], names: Sequence[str]) -> list[str]:
    """The columns that these expectations name; all of them if one is about the table as a whole."""
    needed: set[str] = set()
    for one in asked:
        given = one.kwargs
        named = [given.get(key) for key in ("column", "column_A", "column_B")] + list(given.get("column_list") or ())
        columns = {name for name in named if isinstance(name, str)}
        if not columns or one.kind.startswith("expect_table") or any(key in given for key in _ALL_COLUMNS):
            return list(names)
        needed |= columns
    return [name for name in names if name in needed]


def _settled(check: Check, marks: Marks | None) -> Check:
    """Rows that nobody can name cannot be withheld."""
    unnamed = check.severity == "quarantine" and not check.passed and not marks
    return replace(check, severity="critical") if unnamed else check


def _reason(check: Check) -> str:
    return f"{check.column}: wanted {check.wanted}" if check.column else f"wanted {check.wanted}"
