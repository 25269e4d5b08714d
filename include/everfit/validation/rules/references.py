"""The rule `references`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.refuse import between, word, words
from everfit.validation.rules._checks import fails_closed, of_rows, up_to
from everfit.validation.rules._keys import key_hashes, key_values, shown
from everfit.validation.rules._severity import Severity, severity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.validation.delivery import Delivery
    from everfit.values import Check

SHOWN = 3


@dataclass(frozen=True)
class References:
    """Every key in one table is there in another: each `flights.tailnum` is the `tailnum` of a plane.

    Settings: the `table` and its `columns`, the table `to` which they refer and its `to_columns` (default: columns of
    the same names), and `at_most` which share of the rows with a key may miss. A row that lacks part of its key
    refers to nothing and is not counted. Keys are compared as 64-bit hashes, 8 bytes per key of the other table, so
    memory stays small; a key that is missing is overlooked once in about 10^19 / (keys of the other table) times.
    """

    table: str
    columns: tuple[str, ...]
    to: str
    to_columns: tuple[str, ...] = ()
    at_most: float = 0.0
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        word("table", self.table)
        words("columns", self.columns)
        word("to", self.to)
        words("to_columns", self.to_columns, least=0)
        if self.to_columns and len(self.to_columns) != len(self.columns):
            raise ValueError(f"to_columns: wanted {len(self.columns)} names, as in columns, found {self.to_columns!r}")
        between("at_most", self.at_most, 0, 1)
        severity(self.severity)

    @property
    def tables(self) -> frozenset[str]:
        """The tables that it reads."""
        return frozenset({self.table, self.to})

    @property
    def wanted(self) -> str:
        """What it asks for."""
        other = " and ".join(f"{self.to}.{name}" for name in self._there)
        return f"the same value in {other}{up_to(self.at_most)}"

    @fails_closed
    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """Look up each key."""
        import numpy as np

        known = self._keys(delivery)
        lost = of = 0
        examples: set[str] = set()
        for batch in delivery.columns(self.table, self.columns):
            hashes, there = key_hashes(batch, self.columns)
            missing = there & ~np.isin(hashes, known)
            lost, of = lost + int(missing.sum()), of + int(there.sum())
            places = np.flatnonzero(missing)
            if len(places):
                _, first = np.unique(hashes[places], return_index=True)
                examples |= {str(shown(key)) for key in key_values(batch.take(places[first]), self.columns)}
                examples = set(sorted(examples)[:SHOWN])
        return (of_rows(self, ", ".join(self.columns), lost, of, self.at_most, "without", sorted(examples)),)

    @property
    def _there(self) -> tuple[str, ...]:
        return self.to_columns or self.columns

    def _keys(self, delivery: Delivery) -> NDArray[np.uint64]:
        import numpy as np

        found = [np.empty(0, dtype=np.uint64)]
        for batch in delivery.columns(self.to, self._there):
            hashes, there = key_hashes(batch, self._there)
            found.append(np.unique(hashes[there]))
        return np.unique(np.concatenate(found))
