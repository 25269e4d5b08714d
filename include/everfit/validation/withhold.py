"""Taking bad rows out of delivered files: the rest keeps its names and records, the bad rows get their reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.errors import DataError
from everfit.validation.ask import Answer, BadRows
from everfit.validation.formats import Part
from everfit.validation.stream import part_batches, schema
from everfit.validation.without_rows import write_without
from everfit.validation.words import percent, value
from everfit.values import Check

if TYPE_CHECKING:
    import numpy as np

    Mask = np.ndarray[Any, Any]

REASON = "everfit_reason"


@dataclass(frozen=True)
class Withholding:
    """What became of the bad rows of one table.

    `checks` says whether they were too many; then nothing was written. Else `kept` are the table's files without the
    `rows` bad ones, by the names they were delivered under, and `bad` is the Parquet file of those; without any bad row
    there is neither.
    """

    rows: int
    of: int
    checks: tuple[Check, ...] = ()
    kept: Mapping[str, Path] = field(default_factory=dict)
    bad: Path | None = None


def withhold(table: str, parts: Sequence[Part], answer: Answer, at_most: float, folder: Path) -> Withholding:
    """Write the files of `table` anew into `folder`, without the rows that `answer` names as bad.

    More than `at_most` (a share of all rows) are a failed critical check, and so are all rows. Called again, it writes
    the same bytes. Errors: `DataError` for a text file whose records cannot be told apart.
    """
    if not answer.bad:
        return Withholding(0, answer.rows)
    bad = _bad_rows(parts, answer)
    rows = sum(int(mask.sum()) for mask in bad)
    share = rows / answer.rows
    found = f"{value(rows)} of {value(answer.rows)} ({percent(share)})"
    check = Check(table, None, f"at most {percent(at_most)} of the rows withheld", found, share <= at_most, share=share)
    if check.passed and rows == answer.rows:
        check = Check(table, None, "rows left after bad ones are withheld", f"all {value(rows)} bad", False, share=1.0)
    if not check.passed:
        return Withholding(rows, answer.rows, (check,))
    kept = {
        part.name: write_without(part, mask, folder / "kept" / part.name) for part, mask in zip(parts, bad, strict=True)
    }
    return Withholding(rows, answer.rows, (check,), kept, _write_bad(table, parts, answer.bad, bad, folder))


def _bad_rows(parts: Sequence[Part], answer: Answer) -> list[Mask]:
    """For every file, which of its rows are bad."""
    import numpy as np

    from everfit.validation.stream import rows

    masks = []
    for number, part in enumerate(parts):
        mask = np.zeros(rows([part]), bool)
        for one in answer.bad:
            mask[one.rows.rows(number)] = True
        masks.append(mask)
    return masks


def _write_bad(
    table: str, parts: Sequence[Part], reasons: Sequence[BadRows], bad: Sequence[Mask], folder: Path
) -> Path:
    """The bad rows of all files, as they were delivered, each with everything that is wrong with it."""
    import pyarrow
    from pyarrow import parquet as files

    known = schema(parts)
    if REASON in known.names:
        raise DataError(f"{parts[0].name} has a column {REASON!r}, which is everfit's own name; call it otherwise")
    pieces = []
    for number, (part, mask) in enumerate(zip(parts, bad, strict=True)):
        told = _told(reasons, number, len(mask))
        start = 0
        for batch in part_batches(part, known, known.names):
            here = mask[start : start + batch.num_rows]
            if here.any():
                rows = pyarrow.Table.from_batches([batch.filter(pyarrow.array(here))])
                why = ["; ".join(told(row)) for row in (here.nonzero()[0] + start).tolist()]
                pieces.append(rows.append_column(REASON, pyarrow.array(why, pyarrow.string())))
            start += batch.num_rows
    path = folder / "withheld" / f"{table}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_table(pyarrow.concat_tables(pieces), path)
    return path


def _told(reasons: Sequence[BadRows], part: int, rows: int) -> Any:
    """From the number of a row to its reasons."""
    import numpy as np

    masks = [np.zeros(rows, bool) for _ in reasons]
    for mask, one in zip(masks, reasons, strict=True):
        mask[one.rows.rows(part)] = True
    return lambda row: dict.fromkeys(one.reason for mask, one in zip(masks, reasons, strict=True) if mask[row])
