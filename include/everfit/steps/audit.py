"""One table of a delivery held against its suite: what was found, and what is left without withheld rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import DataError
from everfit.validation.ask import ask
from everfit.validation.data_docs import Results
from everfit.validation.stream import Part
from everfit.validation.withhold import Withholding, withhold
from everfit.validation.words import value
from everfit.values import Check

if TYPE_CHECKING:
    from everfit.spec import ModelSpec
    from everfit.validation.suites import Suite


@dataclass(frozen=True)
class Audited:
    """What became of one table: its `checks`, GX's `results`, and the `parts` that may be used, with `rows` in them.

    `parts` are the delivered files, or the ones without the rows that were `withheld`; none if it cannot be read.
    """

    table: str
    checks: tuple[Check, ...]
    results: Results
    parts: tuple[Part, ...] = ()
    rows: int = 0
    withheld: Withholding | None = None


def audit(spec: ModelSpec, suites: Mapping[str, Suite], files: Mapping[str, Path], folder: Path) -> tuple[Audited, ...]:
    """Ask every table its suite; files without withheld rows are written below `folder`.

    Whatever is wrong with the data is a failed check. Errors: `SpecError` for a suite that is wrong.
    """
    named = spec.data.parts(files)
    return tuple(
        _audit(spec, table, suite, [Part(name, files[name]) for name in named[table]], folder / table)
        for table, suite in suites.items()
    )


def _audit(spec: ModelSpec, table: str, suite: Suite, parts: Sequence[Part], folder: Path) -> Audited:
    file = spec.data.tables[table].file
    wanted = f"a readable {file} with rows in it"
    if not parts:
        lacks = Check(table, None, wanted, "no such file in the delivery", False)
        return Audited(table, (lacks,), Results(table, ()))
    try:
        answer = ask(suite, table, parts)
        out = withhold(table, parts, answer, spec.data.tables[table].quarantine_at_most, folder)
    except DataError as error:
        return Audited(table, (Check(table, None, wanted, f"that {error}", False),), Results(table, ()))
    many = f" in {value(len(parts))} files" if len(parts) > 1 else ""
    read = Check(table, None, wanted, f"{value(answer.rows)} rows, {answer.columns} columns{many}", answer.rows > 0)
    left = [Part(part.name, out.kept.get(part.name, part.path)) for part in parts]
    return Audited(
        table=table,
        checks=(read, *answer.checks, *out.checks),
        results=Results(table, answer.results),
        parts=tuple(left),
        rows=answer.rows - (out.rows if out.bad else 0),
        withheld=out if out.bad else None,
    )
