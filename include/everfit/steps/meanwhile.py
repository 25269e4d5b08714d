"""What speaks against a delivery that was found good, because of what was decided since it was looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from everfit.features.code import load_code
from everfit.ledger.entries import BatchAccepted, RowsErased
from everfit.steps.erased import erased_again
from everfit.steps.recall import refusal
from everfit.steps.rules import check_rules, delivery_of
from everfit.steps.withhold import batch_files
from everfit.validation.read import read_parts
from everfit.validation.stream import Part
from everfit.values import batch_sha256

if TYPE_CHECKING:
    from pandas import DataFrame

    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.validation.delivery import Rule
    from everfit.values import Batch, Check, Inspection


def meanwhile(ports: Ports, spec: ModelSpec, inspection: Inspection, view: View) -> tuple[str, ...]:
    """The reasons not to accept an inspected delivery that came up since: usually none, at no cost.

    Its bytes may have been recalled, or rows of it erased. And batches that were looked at side by side did not know of
    each other: rules that must hold between any two batches are asked of those that were accepted meanwhile.
    """
    checks: list[Check | None] = [refusal(view, inspection.partition, inspection.sha256)]
    if any(entry.seq > inspection.upto for entry in view.of(RowsErased)):
        checks += erased_again(view, _tables(ports, spec, inspection), inspection.upto)
    newer = _accepted_since(inspection, view)
    rules = [rule for rule in spec.data.rules if getattr(rule, "between_any_two", False)]
    if newer and rules:
        checks += _asked_again(ports, spec, inspection, view, newer, rules)
    return tuple(
        check.sentence for check in checks if check is not None and not check.passed and check.severity == "critical"
    )


def _accepted_since(inspection: Inspection, view: View) -> tuple[Batch, ...]:
    return tuple(
        entry.body.batch
        for entry in view.of(BatchAccepted)
        if entry.seq > inspection.upto
        and entry.seq not in view.recalled
        and entry.body.batch.partition != inspection.partition
    )


def _asked_again(
    ports: Ports, spec: ModelSpec, inspection: Inspection, view: View, newer: tuple[Batch, ...], rules: list[Rule]
) -> tuple[Check, ...]:
    tables = _tables(ports, spec, inspection)
    code = load_code(spec.code_path)

    def rows() -> DataFrame:
        return code.rows({name: read_parts(parts) for name, parts in tables.items()})

    sha256 = batch_sha256(inspection.kept or inspection.files)
    delivery = delivery_of(
        ports, spec, code, view, partition=inspection.partition, sha256=sha256, tables=tables, make_rows=rows
    )
    return check_rules(replace(delivery, earlier=newer), rules)


def _tables(ports: Ports, spec: ModelSpec, inspection: Inspection) -> dict[str, list[Part]]:
    files = batch_files(ports, inspection)
    named = spec.data.parts(files)
    return {table: [Part(name, files[name]) for name in names] for table, names in named.items()}
