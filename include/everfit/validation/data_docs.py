"""Great Expectations' own page about a delivery (Data Docs), made from the results that were kept when it was checked.

GX's renderers turn the results into sections, and GX's templates turn sections into HTML; only the page around them is
ours, because GX's own loads styles and scripts from nine addresses outside. This one loads nothing and runs nothing.

    python -m everfit.validation.data_docs < results.json > page.html
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Any

from everfit.values import canonical

TEMPLATE = Path(__file__).with_name("data_docs.html.j2")
_TABLE_LEVEL = "Table-Level Expectations"
_STATISTICS = ("evaluated_expectations", "successful_expectations", "unsuccessful_expectations", "success_percent")
_MARKS = str.maketrans("<>&\"'", "\ue000\ue001\ue002\ue003\ue004")
_ENTITIES = str.maketrans(dict(zip("\ue000\ue001\ue002\ue003\ue004", map(escape, "<>&\"'"), strict=True)))
_LEFT_OUT = ("exception_traceback", "batch_id")


@dataclass(frozen=True)
class Results:
    """What GX, or what answers in its place, said of one table: `to_json_dict()` of each expectation, in order."""

    table: str
    answers: Sequence[Mapping[str, Any]]


def results_json(model: str, partition: str, at: str, tables: Sequence[Results]) -> bytes:
    """What is kept of a check so that the page can be made later: equal results, equal bytes.

    Tracebacks are left out: they say where this machine keeps its files, and GX's message says what went wrong.
    """
    kept = [{"table": one.table, "answers": [_plain(answer) for answer in one.answers]} for one in tables]
    return canonical({"model": model, "partition": partition, "at": at, "tables": kept})


def render(kept: bytes) -> str:
    """The page, complete in itself, from what `results_json` made. Imports GX: some seconds the first time."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    from great_expectations.render.view import DefaultJinjaPageView
    from jinja2 import ChoiceLoader, FileSystemLoader

    said = _marked(json.loads(kept))
    view = DefaultJinjaPageView()
    view.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATE.parent), view.env.loader])
    numbers = count(1)
    view.env.filters["generate_html_element_uuid"] = lambda name: f"{name}{next(numbers)}"  # theirs are random
    documents = [_document(said, table) for table in said["tables"]]
    page = view.env.get_template(TEMPLATE.name).render(
        model=said["model"], partition=said["partition"], at=said["at"], documents=documents
    )
    return str(page).translate(_ENTITIES)


def _document(said: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    answers = [_answer(answer) for answer in table["answers"]]
    passed = sum(answer.success is True for answer in answers)
    whole = ExpectationSuiteValidationResult(
        success=passed == len(answers),
        results=answers,
        suite_name=table["table"],
        statistics=dict.fromkeys(_STATISTICS),
        meta={"run_id": {"run_name": said["partition"], "run_time": said["at"]}},
    )
    _overview, *sections = ValidationResultsPageRenderer().render(whole).to_json_dict()["sections"]
    failed = {answer.expectation_config.kwargs.get("column", _TABLE_LEVEL) for answer in answers if not answer.success}
    marked = [dict(section, failed=section["section_name"] in failed) for section in sections]
    return {"table": table["table"], "passed": passed, "of": len(answers), "sections": marked}


def _answer(answer: Mapping[str, Any]) -> Any:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    asked = answer["expectation_config"]
    info = answer.get("exception_info") or {}
    message = next(_messages(info), None)
    _stand_in(asked["type"])
    return ExpectationValidationResult(
        success=answer.get("success") is True,
        expectation_config=ExpectationConfiguration(
            type=asked["type"],
            kwargs={key: value for key, value in asked.get("kwargs", {}).items() if key != "batch_id"},
            description=asked.get("description"),
            severity=asked.get("severity", "critical"),
        ),
        result=dict(answer.get("result") or {}),
        exception_info={
            "raised_exception": message is not None,
            "exception_message": message,
            "exception_traceback": message,
        },
    )


def _messages(info: Mapping[str, Any]) -> Iterator[str]:
    """GX's `exception_info` is one message or a dict of them."""
    for entry in (info, *(part for part in info.values() if isinstance(part, dict))):
        if entry.get("exception_message"):
            yield str(entry["exception_message"])


def _stand_in(kind: str) -> None:
    """GX shows no type that it does not know; a team's own kinds are shown without running the team's code."""
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    if kind not in list_registered_expectation_implementations():
        name = "".join(map(str.capitalize, kind.split("_")))
        config = type("Config", (BatchExpectation.Config,), {"extra": "allow"})
        type(name, (BatchExpectation,), {"__module__": __name__, "_validate": _never, "Config": config})


def _never(*_: Any, **__: Any) -> None:
    """A type without this would be abstract, and GX keeps no abstract types."""


def _marked(part: Any) -> Any:
    """Every text with private characters in the place of those that mean something in HTML.

    GX escapes some of what it writes into its page, and writes names, descriptions and values as they are elsewhere; so
    the marks are made before it gets them, and turned into what HTML calls these characters in the page as a whole.
    """
    if isinstance(part, dict):
        return {_marked(key): _marked(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_marked(value) for value in part]
    return part.translate(_MARKS) if isinstance(part, str) else part


def _plain(part: Any) -> Any:
    """As JSON: no tracebacks, and what JSON has no word for (NaN, dates) as text."""
    if isinstance(part, Mapping):
        return {str(key): _plain(value) for key, value in part.items() if key not in _LEFT_OUT}
    if isinstance(part, list | tuple):
        return [_plain(value) for value in part]
    if part is None or isinstance(part, str | int) or (isinstance(part, float) and isfinite(part)):
        return part
    return str(part)


if __name__ == "__main__":
    sys.stdout.write(render(sys.stdin.buffer.read()))
