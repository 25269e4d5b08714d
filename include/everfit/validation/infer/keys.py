"""Which columns name a row: one column, or the smallest combination of up to four, without a value twice.

No duplicate among few rows proves little: times with microseconds differ by themselves. So a combination counts only if
chance alone, its columns drawn independently, would have made `PROOF` pairs of equal rows or more: seeing none then has
a probability below `exp(-PROOF)` (the birthday problem, with the Poisson limit).

The candidates are the smallest combinations that are unique among the first `SAMPLE` rows of the first batch; only
these are followed through all rows, as 64-bit hashes: 8 bytes for each candidate and row. In a batch of more than
`MOST_ROWS` rows no key is looked for, which bounds the memory by 1 GB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

SAMPLE = 50_000
PROOF = 10.0
WIDEST = 4
FOLLOWED = 24
MOST_ROWS = 5_000_000

Key = tuple[str, ...]


@dataclass
class Keys:
    """Candidates, best first, and how many pairs of equal rows chance would have made of each, over all batches.

    `found` is None before the first rows were seen.
    """

    found: tuple[Key, ...] | None = None
    chance: dict[Key, float] = field(default_factory=dict)
    _seen: dict[Key, list[Any]] = field(default_factory=dict)
    _rows: int = 0

    def next_batch(self) -> Keys:
        """The same candidates, ready for another batch: a key names a row within its batch."""
        return Keys(self.close().found, dict(self.chance))

    def take(self, batch: pyarrow.RecordBatch, columns: Mapping[str, Any]) -> None:
        """Hold the candidates against some more rows; the first rows ever make them."""
        if batch.num_rows == 0:
            return
        usable = [name for name, column in columns.items() if _usable(column)]
        codes = _codes(batch, usable)
        if self.found is None:
            self.found = _smallest({name: part[:SAMPLE] for name, part in codes.items()})
        if not self._rows:
            sample = {name: _agreement(part[:SAMPLE]) for name, part in codes.items()}
            alone = {name: _room(columns[name], sample[name]) for name in codes}
            self._reckon(sample, alone, batch.num_rows)
        self._rows += batch.num_rows
        if self._rows > MOST_ROWS:
            self.found, self._seen = (), {}
        self.found = tuple(key for key in self.found if all(name in codes for name in key) and self._follow(key, codes))

    def close(self) -> Keys:
        """Drop the candidates that were not unique in the batch as a whole, and what was kept to see that."""
        import numpy as np

        for key, parts in self._seen.items():
            if len(parts) > 1 and len(np.unique(np.concatenate(parts))) < sum(map(len, parts)):
                self.found = tuple(one for one in self.found or () if one != key)
        self._seen = {}
        return self

    def best(self) -> Key | None:
        """The smallest combination that cannot well be unique by chance.

        Among equally small ones it is the finest, in which chance would make the fewest pairs: `(carrier, flight,
        hour)` rather than `(carrier, flight, day)`, which the first plane that flies twice a day breaks.
        """
        proved = [key for key in self.close().found or () if self.chance.get(key, 0) >= PROOF]
        return min(proved, key=lambda key: (len(key), self.chance[key], key), default=None)

    def _follow(self, key: Key, codes: Mapping[str, np.ndarray]) -> bool:
        import numpy as np

        hashes = _combined(key, codes)
        if len(np.unique(hashes)) < len(hashes):
            return False
        self._seen.setdefault(key, []).append(hashes)
        return True

    def _reckon(self, sample: Mapping[str, float], alone: Mapping[str, float], rows: int) -> None:
        """Pairs of rows that would be equal by chance: all pairs, times the share of equal pairs in each column."""
        for key in self.found or ():
            shares = [(sample if len(key) > 1 else alone).get(name, 0) for name in key]
            self.chance[key] = self.chance.get(key, 0) + rows * (rows - 1) / 2 * prod(shares)


def _usable(column: Any) -> bool:
    """Whole numbers, texts and times that are always there; a fraction is measured and names nothing."""
    return column.kind in ("number", "text", "time") and column.whole and not column.nulls


def _codes(batch: pyarrow.RecordBatch, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Each column as 64-bit hashes of its values."""
    from pandas import util

    frames = {name: batch.column(name).to_pandas() for name in names}
    return {name: util.hash_array(values.to_numpy(), categorize=True) for name, values in frames.items()}


def _combined(key: Key, codes: Mapping[str, np.ndarray]) -> np.ndarray:
    import numpy as np

    made = np.zeros_like(codes[key[0]])
    for name in key:
        made = made * np.uint64(0x9E3779B97F4A7C15) + (codes[name] ^ (codes[name] >> np.uint64(29)))
    return made


def _agreement(codes: np.ndarray) -> float:
    """How often two rows have the same value here; a unique column has it by its own size, `1/n`."""
    import numpy as np

    _, counts = np.unique(codes, return_counts=True)
    return float(((counts / len(codes)) ** 2).sum())


def _room(column: Any, agreement: float) -> float:
    """How often two values of a unique column would be equal if they were drawn between its extremes.

    Numbers from 1 to 1,000 without a repetition are numbered; a thousand amounts in cents just happen to differ.
    """
    if column.kind == "text" or column.low is None:
        return agreement
    span = column.high - column.low
    return 1 / (1 + float(span.total_seconds() if column.kind == "time" else span))


def _smallest(codes: Mapping[str, np.ndarray]) -> tuple[Key, ...]:
    """The combinations of 1 to `WIDEST` columns without duplicates that contain no smaller one."""
    import numpy as np

    rows = len(next(iter(codes.values()), ()))
    different = {name: len(np.unique(part)) for name, part in codes.items()}
    varied = [name for name, count in different.items() if count > 1]
    found: list[Key] = []
    for size in range(1, WIDEST + 1):
        for key in combinations(varied, size):
            possible = float(np.prod([float(different[name]) for name in key]))
            if possible < rows or any(set(smaller) <= set(key) for smaller in found):
                continue
            hashes = _combined(key, codes)
            if len(np.unique(hashes)) == rows:
                found.append(key)
                if len(found) == FOLLOWED:
                    return tuple(found)
    return tuple(found)
