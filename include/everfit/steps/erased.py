"""Rows that were erased do not come back: a delivery that has them again is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from everfit.errors import DataError
from everfit.ledger.entries import RowsErased
from everfit.steps.erase import hashed
from everfit.validation.erasing import plain
from everfit.validation.stream import Part, batches, schema
from everfit.validation.words import value
from everfit.values import Check

if TYPE_CHECKING:
    from everfit.ledger import Entry, View


def erased_again(view: View, tables: Mapping[str, Sequence[Part]], since: int = 0) -> tuple[Check, ...]:
    """A failed check for each erasure (decided after entry `since`) of which the delivery has rows again.

    The ledger has no keys but their salted hashes, so each value of the column is hashed as often as there are
    erasures. A key that was read as a number and has lost its leading zeros is not known again.
    """
    decided = [entry for entry in view.of(RowsErased) if entry.seq > since]
    found = ((entry, _rows(tables.get(entry.body.table, ()), entry.body)) for entry in decided)
    return tuple(_check(entry, rows) for entry, rows in found if rows)


def _rows(parts: Sequence[Part], erasure: RowsErased) -> int:
    """How many rows have one of the erased keys; what cannot be read is refused for that."""
    import pyarrow.compute as pc

    keys, rows = frozenset(erasure.keys), 0
    try:
        if not parts or erasure.column not in schema(parts).names:
            return 0
        for batch in batches(parts, [erasure.column]):
            for one in pc.value_counts(batch.column(0)).to_pylist():
                known = one["values"] is not None and hashed(erasure.salt, plain(str(one["values"]))) in keys
                rows += one["counts"] if known else 0
    except DataError:
        return 0
    return rows


def _check(entry: Entry[RowsErased], rows: int) -> Check:
    body = entry.body
    many = f"{value(rows)} row{'s' * (rows != 1)}"
    told = f"{many} of them (erased in entry {entry.seq}, by {body.by}); take them out at the source"
    return Check(body.table, body.column, "no rows of keys that were erased", told, False)
