"""The rule `in_order`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.refuse import between, word, words
from everfit.validation.rules._checks import fails_closed, of_rows, up_to
from everfit.validation.rules._keys import key_hashes
from everfit.validation.rules._severity import Severity, severity
from everfit.validation.rules._times import moments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.validation.delivery import Delivery
    from everfit.values import Check


@dataclass(frozen=True)
class InOrder:
    """Times do not go backwards from one row to the next, in the whole table or for each key.

    Settings: `table`, its time `column`, the columns of the key, `by` (default: none, the whole table), and `at_most`
    which share of the rows may lie before the row above them. Rows without a time or without a key are passed over.
    """

    table: str
    column: str
    by: tuple[str, ...] = ()
    at_most: float = 0.0
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        word("table", self.table)
        word("column", self.column)
        words("by", self.by, least=0)
        between("at_most", self.at_most, 0, 1)
        severity(self.severity)

    @property
    def wanted(self) -> str:
        """What it asks for."""
        key = f" of one {' and '.join(self.by)}" if self.by else ""
        return f"no time before that of the row above{key}{up_to(self.at_most)}"

    @fails_closed
    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """Hold each row's time against the one before it."""
        import numpy as np

        back, of = 0, 0
        last_keys, last_times = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
        for batch in delivery.columns(self.table, (self.column, *self.by)):
            times, keys = self._read(batch)
            of += len(times)
            times, keys = np.r_[last_times, times], np.r_[last_keys, keys]
            order = np.argsort(keys, kind="stable")
            times, keys = times[order], keys[order]
            same = keys[1:] == keys[:-1]
            back += int((same & (times[1:] < times[:-1])).sum())
            ends = np.r_[~same, True][: len(keys)]
            last_keys, last_times = keys[ends], times[ends]
        return (of_rows(self, self.column, back, of, self.at_most, "before the one above"),)

    def _read(self, batch: Any) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        times, there = moments(batch.column(self.column), self.column)
        keys, known = key_hashes(batch, self.by)
        return times[there & known], keys[there & known]
