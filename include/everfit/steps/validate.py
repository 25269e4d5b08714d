"""Is a delivery fit to learn from? Stage it, read it, ask its expectations, write the report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import DataError
from everfit.features.code import FeatureCode, load_code
from everfit.steps.staging import Staged, stage, staged_files
from everfit.validation import gx
from everfit.validation.label import check_rows
from everfit.validation.read import read_table
from everfit.validation.report import render
from everfit.validation.suites import Suite, load_suite
from everfit.validation.words import value
from everfit.values import Arrival, Check, Inspection

if TYPE_CHECKING:
    from pandas import DataFrame

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


def validate(ports: Ports, spec: ModelSpec, arrival: Arrival) -> Inspection:
    """Look at one delivery and say whether it may be used; settle nothing (that is `commit`).

    Bad data is never an exception: it is a failed check. A delivery whose bytes the ledger has settled before is not
    looked at again (`duplicate_of`). Errors: `SpecError` if the team's own files are wrong, `BatchChanged` if the
    delivery is rewritten meanwhile; then it stays unsettled and waits.
    """
    suites = {table: load_suite(spec.suite_path(table)) for table in spec.data.tables}
    code = load_code(spec.code_path)
    staged = stage(ports, spec, arrival)
    seen_before = _duplicate(ports, spec, arrival, staged)
    if seen_before:
        return seen_before
    rows, checks = _look(spec, suites, code, staged_files(ports, staged.folder, staged.files))
    report = f"reports/{spec.name}/{arrival.partition}-{arrival.fingerprint}.html"
    inspection = Inspection(
        arrival.partition, arrival.fingerprint, staged.sha256, rows, staged.files, staged.folder, checks, report
    )
    page = render(inspection, model=spec.name, title=spec.title, at=ports.clock())
    ports.store.write(report, page.encode())
    return inspection


def _duplicate(ports: Ports, spec: ModelSpec, arrival: Arrival, staged: Staged) -> Inspection | None:
    view = ports.ledger(spec.name).view()
    same_as = view.holds(arrival.partition, staged.sha256)
    if same_as is None:
        return None
    report: str = getattr(view.entries[same_as - 1].body, "report", "")
    return Inspection(
        arrival.partition, arrival.fingerprint, staged.sha256, 0, staged.files, staged.folder, (), report, same_as
    )


def _look(
    spec: ModelSpec, suites: Mapping[str, Suite], code: FeatureCode, files: Mapping[str, Path]
) -> tuple[int, tuple[Check, ...]]:
    """The rows of the main table, and every check: files, tables, and (if all is well so far) label and time."""
    tables: dict[str, DataFrame] = {}
    checks: list[Check] = []
    for table, suite in suites.items():
        gx.check_suite(suite)
        frame, read = _read(table, spec.data.tables[table].file, files)
        checks.append(read)
        if frame is not None:
            tables[table] = frame
            checks += gx.run(suite, table, frame)
    checks += _extra_files(spec, files)
    if all(check.passed for check in checks if check.severity == "critical"):
        rows = code.rows(tables)
        checks += check_rows(rows, label=spec.label, time=spec.time, task=spec.task, code=spec.code_path)
    main = tables.get(spec.main_table)
    return 0 if main is None else len(main), tuple(checks)


def _read(table: str, name: str, files: Mapping[str, Path]) -> tuple[DataFrame | None, Check]:
    wanted = f"a readable {name} with rows in it"
    if name not in files:
        return None, Check(table, None, wanted, "no such file in the delivery", False)
    try:
        frame = read_table(files[name], name)
    except DataError as error:
        return None, Check(table, None, wanted, f"that {error}", False)
    return frame, Check(table, None, wanted, f"{value(len(frame))} rows, {frame.shape[1]} columns", len(frame) > 0)


def _extra_files(spec: ModelSpec, files: Mapping[str, Path]) -> list[Check]:
    """A file that no table names does no harm, but somebody may believe that it is used."""
    extra = sorted(files.keys() - {table.file for table in spec.data.tables.values()})
    if not extra:
        return []
    return [
        Check("delivery", None, "only files that the model's tables name", f"also {', '.join(extra)}", False, "warning")
    ]
