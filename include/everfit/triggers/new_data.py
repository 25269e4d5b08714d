"""The trigger `new_data`."""

from __future__ import annotations

from dataclasses import dataclass

from everfit.refuse import whole
from everfit.triggers.occasion import Occasion, Reason

SHOWN = 3


@dataclass(frozen=True)
class NewData:
    """Wants a run once the window has so many new `batches`, and so many new `rows` in them.

    New is what no judged run has learnt from. A correction of a batch counts as well.
    """

    batches: int = 1
    rows: int = 0

    def __post_init__(self) -> None:
        whole("batches", self.batches, least=1)
        whole("rows", self.rows, least=0)

    def fires(self, occasion: Occasion) -> Reason:
        """Whether so much is new.

        >>> from datetime import UTC, datetime
        >>> NewData(batches=2).fires(Occasion(datetime(2013, 6, 1, tzinfo=UTC))).words
        'no new batch, wanted 2'
        """
        batches = [batch for _, batch in occasion.fresh]
        rows = sum(batch.rows for batch in batches)
        holds = len(batches) >= self.batches and rows >= self.rows
        if not batches:
            return Reason(False, f"no new batch, wanted {self._wanted}")
        names = ", ".join(batch.partition for batch in batches[:SHOWN])
        more = f" and {len(batches) - SHOWN} more" if len(batches) > SHOWN else ""
        found = f"{len(batches)} new batch{'es' * (len(batches) > 1)} with {rows:,} rows ({names}{more})"
        return Reason(holds, found if holds else f"{found}, wanted {self._wanted}", tuple(s for s, _ in occasion.fresh))

    @property
    def _wanted(self) -> str:
        return f"{self.batches}{f' with {self.rows:,} rows' if self.rows else ''}"
