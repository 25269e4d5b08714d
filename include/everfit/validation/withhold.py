"""Taking bad rows out of delivered files: the rest keeps its names and records, the bad rows get their reasons."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.errors import DataError
from everfit.validation.ask import Answer, BadRows
from everfit.validation.formats import Part, parquet, text_bytes
from everfit.validation.stream import part_batches, schema
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
    kept = {part.name: _keep(part, ~mask, folder / "kept" / part.name) for part, mask in zip(parts, bad, strict=True)}
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


def _keep(part: Part, kept: Mask, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if part.ending == ".parquet":
        _keep_parquet(part, kept, path)
        return path
    text = b"".join(_kept_records(part, kept))
    path.write_bytes(gzip.compress(text, mtime=0) if part.ending.endswith(".gz") else text)
    return path


def _keep_parquet(part: Part, kept: Mask, path: Path) -> None:
    """One row group at a time, packed as before."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    with parquet(part) as file:
        groups = file.metadata.num_row_groups
        packed = file.metadata.row_group(0).column(0).compression if groups else "SNAPPY"
        with ParquetWriter(path, file.schema_arrow, compression=packed.replace("UNCOMPRESSED", "NONE")) as writer:
            start = 0
            for number in range(groups):
                group = file.read_row_group(number)
                rest = group.filter(pyarrow.array(kept[start : start + group.num_rows]))
                start += group.num_rows
                if rest.num_rows:
                    writer.write_table(rest, row_group_size=rest.num_rows)


def _kept_records(part: Part, kept: Mask) -> list[bytes]:
    """The texts of the kept records just as they were delivered, the header of a CSV file first."""
    records = _records(text_bytes(part), quotes=part.ending != ".jsonl")
    header = [records.pop(0)] if part.ending != ".jsonl" else []
    if len(records) != len(kept):
        raise DataError(
            f"{part.name}: {len(kept)} rows were read, but {len(records)} records found to take bad ones out of; check "
            "its quotation marks"
        )
    return header + [record for record, keep in zip(records, kept.tolist(), strict=True) if keep]


def _records(text: bytes, *, quotes: bool) -> list[bytes]:
    """Lines, joined where a quoted field runs over their end; empty lines are no records."""
    records: list[bytes] = []
    open_quote = False
    for line in text.splitlines(keepends=True):
        if open_quote:
            records[-1] += line
        elif line.strip(b"\r\n"):
            records.append(line)
        else:
            continue
        open_quote ^= quotes and line.count(b'"') % 2 == 1
    return records


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
