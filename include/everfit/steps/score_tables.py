"""The tables of what is to be scored: those of a batch as they are, those of a delivery once they are in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from everfit.steps.asking import asker
from everfit.steps.audit import audit
from everfit.steps.fetching import fetch
from everfit.steps.recall import refusal
from everfit.steps.score_asked import score_part
from everfit.steps.staging import scratch, staged_files
from everfit.validation import gx
from everfit.validation.report import render
from everfit.validation.stream import Part
from everfit.validation.suites import Suite, load_suite
from everfit.values import Inspection

if TYPE_CHECKING:
    from pathlib import Path

    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.steps.audit import Audited
    from everfit.steps.score_asked import Asked
    from everfit.validation.suites import Expectation

_COUNTS = "expect_table_column_count"


@dataclass(frozen=True)
class Tables:
    """The files of each table, the main table first; how many rows that one has, and how many bad ones were withheld.

    With `reasons` nothing may be scored: these expectations the delivery breaks; the page `report` shows all of them.
    """

    parts: Mapping[str, tuple[Part, ...]]
    rows: int
    withheld: int = 0
    reasons: tuple[str, ...] = ()
    report: str = ""


@contextmanager
def tables(ports: Ports, spec: ModelSpec, view: View, asked: Asked) -> Iterator[Tables]:
    """The files to score, which may be read until the end of the block.

    An accepted batch was validated when it came; a delivery is held against the same expectations, less those about
    columns that are not known yet. The rules of `data` are for what a model learns from and are not asked.
    Errors: `SpecError` if the team's own files are wrong, `Corrupted` for bytes that are not the recorded ones.
    """
    if asked.batch:
        folder = fetch(ports, spec.name, asked.batch)
        named = spec.data.parts(file.name for file in asked.batch.files)
        parts = {name: tuple(Part(one, folder / one) for one in named[name]) for name in spec.data.tables}
        yield Tables(parts, asked.batch.rows)
        return
    with scratch(ports) as folder:
        yield _inspected(ports, spec, view, asked, folder)


def without_unknown(spec: ModelSpec, table: str, suite: Suite) -> Suite:
    """The suite less all that it asks of columns that are not known yet."""
    unknown = set(score_part(spec).unknown.get(table, ()))
    kept = tuple(one for one in suite.expectations if not (unknown and _is_about(one, unknown)))
    return replace(suite, expectations=kept)


def _is_about(asked: Expectation, unknown: set[str]) -> bool:
    named: set[Any] = set()
    for value in asked.kwargs.values():
        named |= set(value) if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value) else {value}
    text = str(asked.kwargs.get("row_condition") or "")
    hashable = {one for one in named if isinstance(one, str)}
    return bool(hashable & unknown) or asked.kind.startswith(_COUNTS) or any(name in text for name in unknown)


def _inspected(ports: Ports, spec: ModelSpec, view: View, asked: Asked, folder: Path) -> Tables:
    suites = {name: load_suite(spec.suite_path(name)) for name in spec.data.tables}
    for suite in suites.values():
        gx.check_suite(suite)
    if asked.staged is None:
        raise AssertionError("a delivery is staged before it is looked at")
    files = staged_files(ports, asked.staged.folder, asked.staged.files)
    known = {name: without_unknown(spec, name, suite) for name, suite in suites.items()}
    found = audit(spec, known, files, folder, asker(ports, spec, asked.staged))
    taken_back = refusal(view, asked.partition, asked.sha256)
    checks = [*asked.staged.promised, *((taken_back,) if taken_back else ())]
    checks += [check for table in found for check in table.checks]
    report = f"reports/{spec.name}/score-{asked.partition}-{asked.fingerprint}.html"
    main = next(table for table in found if table.table == spec.main_table)
    inspection = Inspection(
        partition=asked.partition,
        fingerprint=asked.fingerprint,
        sha256=asked.sha256,
        rows=main.rows,
        files=asked.staged.files,
        staged=asked.staged.folder,
        checks=tuple(checks),
        report=report,
    )
    page = render(inspection, model=spec.name, title=spec.title, at=ports.clock())
    ports.store.write(report, page.encode())
    return Tables({table.table: table.parts for table in found}, main.rows, _withheld(main), inspection.reasons, report)


def _withheld(table: Audited) -> int:
    return table.withheld.rows if table.withheld else 0
