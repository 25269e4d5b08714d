"""The rule `unique_across_batches`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from everfit.refuse import between, word, words
from everfit.validation.rules._checks import fails_closed, of_rows, up_to
from everfit.validation.rules._keys import key_hashes, key_values, shown
from everfit.validation.rules._severity import Severity, severity
from everfit.values import Check

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.validation.delivery import Delivery, Profile
    from everfit.values import Batch

    Hashes = NDArray[np.uint64]

LOOKED_UP = 1000
"""So many keys that two batches seem to share are compared as they are; if they hold, so do the others."""


@dataclass(frozen=True)
class UniqueAcrossBatches:
    """A key appears in no earlier batch of another partition: nothing is delivered twice under two names.

    Settings: `table`, the `columns` of the key, `at_most` which share of the rows with a key may be known already. Each
    accepted batch leaves the sorted 64-bit hashes of its keys (8 bytes a row), so that earlier data is not read again
    and one earlier batch at a time is in memory. Where hashes meet, the rows themselves are compared before anything is
    said. A corrected version of the same partition may repeat its keys; keys twice within one table are the business of
    the table's expectations.
    """

    table: str
    columns: tuple[str, ...]
    at_most: float = 0.0
    severity: Severity = "critical"

    between_any_two: ClassVar[bool] = True
    """Asked again when a batch is settled, of those that were accepted since it was looked at."""

    def __post_init__(self) -> None:
        word("table", self.table)
        words("columns", self.columns)
        between("at_most", self.at_most, 0, 1)
        severity(self.severity)

    @property
    def wanted(self) -> str:
        """What it asks for."""
        return f"no key of an earlier batch{up_to(self.at_most)}"

    def basis(self, _: Delivery) -> Sequence[Any]:
        """Table and columns."""
        return [self.table, self.columns]

    def profile(self, delivery: Delivery) -> Profile:
        """The sorted hashes of all keys."""
        import numpy as np

        found = [np.empty(0, dtype=np.uint64)]
        for batch in delivery.columns(self.table, self.columns):
            hashes, there = key_hashes(batch, self.columns)
            found.append(hashes[there])
        return {"keys": np.sort(np.concatenate(found))}

    @fails_closed
    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """Hold the keys against those of each earlier batch."""
        import numpy as np

        ours = delivery.profile(self)["keys"]
        name, known, such_as, compared = ", ".join(self.columns), np.zeros(len(ours), dtype=bool), [], 0
        for batch, kept in delivery.history(self):
            compared += 1
            meeting = _among(ours, kept["keys"]) & ~known
            if meeting.any():
                false, examples = self._look_up(delivery, batch, np.unique(ours[meeting]))
                known |= meeting & ~np.isin(ours, false)
                such_as += [f"{shown(key)} of {batch.label}" for key in examples]
        if not compared:
            return (Check(self.table, name, self.wanted, "nothing to compare with yet", True, "info"),)
        return (of_rows(self, name, int(known.sum()), len(ours), self.at_most, "known already", such_as),)

    def _look_up(self, delivery: Delivery, batch: Batch, meeting: Hashes) -> tuple[Hashes, list[tuple[Any, ...]]]:
        """Which of the hashes meet by chance only, and keys that truly are in both, both from the rows themselves."""
        import numpy as np

        few = meeting[:: max(1, len(meeting) // LOOKED_UP)]
        ours, theirs = self._keys_of(delivery, few), self._keys_of(delivery.open(batch), few)
        same = {hashed: keys & theirs.get(hashed, set()) for hashed, keys in ours.items()}
        false = [hashed for hashed, keys in same.items() if not keys]
        true = sorted((key for keys in same.values() for key in keys), key=str)
        return np.asarray(false, dtype=np.uint64), true[:1]

    def _keys_of(self, delivery: Delivery, hashes: Hashes) -> dict[int, set[tuple[Any, ...]]]:
        import numpy as np

        found: dict[int, set[tuple[Any, ...]]] = {}
        for batch in delivery.columns(self.table, self.columns):
            hashed, there = key_hashes(batch, self.columns)
            places = np.flatnonzero(there & np.isin(hashed, hashes))
            for key, one in zip(key_values(batch.take(places), self.columns), hashed[places].tolist(), strict=True):
                found.setdefault(one, set()).add(key)
        return found


def _among(ours: Hashes, theirs: Hashes) -> NDArray[np.bool_]:
    """Which of ours are among theirs, both sorted."""
    import numpy as np

    if not len(theirs):
        return np.zeros(len(ours), dtype=bool)
    places = np.searchsorted(theirs, ours)
    return np.equal(theirs[np.minimum(places, len(theirs) - 1)], ours)
