"""Is a delivery fit to learn from? Stage it, ask its expectations and rules, write the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import DataError
from everfit.features.code import FeatureCode, load_code
from everfit.steps.asking import asker
from everfit.steps.audit import Audited, audit
from everfit.steps.baseline import baseline_checks
from everfit.steps.checked import keep_checked
from everfit.steps.data_docs import keep_results
from everfit.steps.erased import erased_again
from everfit.steps.recall import refusal
from everfit.steps.rules import check_rules, delivery_of
from everfit.steps.staging import scratch, stage, staged_files
from everfit.steps.withhold import Batched, batched
from everfit.validation import gx
from everfit.validation.label import check_rows
from everfit.validation.read import read_parts
from everfit.validation.report import render
from everfit.validation.suites import load_suite
from everfit.values import Arrival, Check, Inspection

if TYPE_CHECKING:
    from pandas import DataFrame

    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.steps.staging import Staged


def validate(ports: Ports, spec: ModelSpec, arrival: Arrival) -> Inspection:
    """Look at one delivery and say whether it may be used; settle nothing (that is `commit`).

    Bad data is never an exception: it is a failed check. A delivery whose bytes the ledger has settled before is not
    looked at again (`duplicate_of`). Errors: `SpecError` if the team's own files are wrong, `BatchChanged` if the
    delivery is rewritten meanwhile; then it stays unsettled and waits.
    """
    suites = {table: load_suite(spec.suite_path(table)) for table in spec.data.tables}
    for suite in suites.values():
        gx.check_suite(suite)
    code = load_code(spec.code_path)
    staged = stage(ports, spec, arrival)
    view = ports.ledger(spec.name).view()
    seen_before = _duplicate(view, arrival, staged)
    if seen_before:
        return seen_before
    with scratch(ports) as folder:
        files = staged_files(ports, staged.folder, staged.files)
        tables = audit(spec, suites, files, folder, asker(ports, spec, staged))
        batch = batched(ports, spec, arrival, staged, tables)
        checks = [*staged.promised, *_refused(view, arrival, staged)]
        checks += erased_again(view, {table.table: table.parts for table in tables})
        checks += [check for table in tables for check in table.checks]
        checks += [*_extra_files(spec, files), *baseline_checks(view, spec)]
        if _sound(checks):
            checks += _beyond_tables(ports, spec, code, view, arrival, batch, tables)
    return _reported(ports, spec, arrival, staged, batch, tables, tuple(checks), len(view.entries))


def _duplicate(view: View, arrival: Arrival, staged: Staged) -> Inspection | None:
    same_as = view.holds(arrival.partition, staged.sha256)
    if same_as is None:
        return None
    report: str = getattr(view.entries[same_as - 1].body, "report", "")
    return Inspection(
        arrival.partition, arrival.fingerprint, staged.sha256, 0, staged.files, staged.folder, (), report, same_as
    )


def _refused(view: View, arrival: Arrival, staged: Staged) -> tuple[Check, ...]:
    taken_back = refusal(view, arrival.partition, staged.sha256)
    return (taken_back,) if taken_back else ()


def _extra_files(spec: ModelSpec, files: Mapping[str, Path]) -> list[Check]:
    """A file that no table names does no harm, but somebody may believe that it is used."""
    extra = spec.data.unnamed(files)
    if not extra:
        return []
    return [
        Check("delivery", None, "only files that the model's tables name", f"also {', '.join(extra)}", False, "warning")
    ]


def _sound(checks: Sequence[Check]) -> bool:
    """Nothing found so far stops the batch: what comes next may rely on its tables."""
    return all(check.passed for check in checks if check.severity == "critical")


def _beyond_tables(
    ports: Ports,
    spec: ModelSpec,
    code: FeatureCode,
    view: View,
    arrival: Arrival,
    batch: Batched,
    tables: Sequence[Audited],
) -> list[Check]:
    """Label and time of the rows that the feature code makes; if they are there, what rules see in the whole."""
    frames, torn = _frames(spec, tables)
    if torn:
        return torn
    rows = code.rows(frames)
    checks = [*check_rows(rows, label=spec.label, time=spec.time, task=spec.task, code=spec.code_path)]
    if _sound(checks) and spec.data.rules:
        parts = {table.table: table.parts for table in tables}
        delivery = delivery_of(
            ports,
            spec,
            code,
            view,
            partition=arrival.partition,
            sha256=batch.sha256,
            tables=parts,
            make_rows=lambda: rows,
        )
        checks += check_rules(delivery, spec.data.rules)
    return checks


def _frames(spec: ModelSpec, tables: Sequence[Audited]) -> tuple[dict[str, DataFrame], list[Check]]:
    """The whole tables; a file may be damaged in a column that no expectation has looked at."""
    frames, torn = {}, []
    for table in tables:
        try:
            frames[table.table] = read_parts(table.parts)
        except DataError as error:
            wanted = f"a readable {spec.data.tables[table.table].file} with rows in it"
            torn.append(Check(table.table, None, wanted, f"that {error}", False))
    return frames, torn


def _reported(
    ports: Ports,
    spec: ModelSpec,
    arrival: Arrival,
    staged: Staged,
    batch: Batched,
    tables: Sequence[Audited],
    checks: tuple[Check, ...],
    upto: int,
) -> Inspection:
    report = f"reports/{spec.name}/{arrival.partition}-{arrival.fingerprint}.html"
    inspection = Inspection(
        partition=arrival.partition,
        fingerprint=arrival.fingerprint,
        sha256=staged.sha256,
        rows=next((table.rows for table in tables if table.table == spec.main_table), 0),
        files=staged.files,
        staged=staged.folder,
        checks=checks,
        report=report,
        withheld=batch.withheld,
        kept=batch.kept,
        data_docs=keep_results(ports, spec, arrival, [table.results for table in tables]),
        upto=upto,
    )
    if inspection.accepted:
        keep_checked(ports, spec, inspection, [len(table.checks) for table in tables])
    page = render(inspection, model=spec.name, title=spec.title, at=ports.clock())
    ports.store.write(report, page.encode())
    return inspection
