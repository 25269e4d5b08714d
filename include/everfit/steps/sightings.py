"""What was seen in the landing place and not yet taken, remembered from one look to the next.

Modification times are another machine's opinion. How long a delivery has not changed, and how long it has been waiting,
is told by our own clock, between two looks of ours. What is remembered may be lost at any time: then a delivery waits
once more as long, and is never taken too early.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    from everfit.ports import Store
    from everfit.steps.deliveries import Delivery


@dataclass(frozen=True)
class Sighting:
    """An unsettled delivery: waiting since `first`, looking like `fingerprint` since `since`.

    `rows` is how many rows its main table has in that state; None while nobody has counted.
    """

    partition: str
    fingerprint: str
    first: datetime
    since: datetime
    rows: int | None = None


class Memory:
    """What has been seen of the deliveries that are there and unsettled; what is gone or settled is forgotten."""

    def __init__(
        self,
        before: Mapping[str, Sighting],
        seen: dict[str, Sighting],
        now: datetime,
        write: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self._before, self._seen, self._now, self._write = before, seen, now, write

    @classmethod
    def of(cls, store: Store, model: str, there: Iterable[Delivery], now: datetime) -> Memory:
        """What earlier looks have seen, and this one; a memory that cannot be read any more begins anew."""
        key = f"arrivals/{model}/seen.json"
        try:
            before = {one.partition: one for one in load(tuple[Sighting, ...], json.loads(store.read(key)))}
        except (FileNotFoundError, ValueError):
            before = {}
        seen = {one.partition: _seen_again(before.get(one.partition), one, now) for one in there}
        return cls(before, seen, now, lambda data: store.write(key, data))

    @classmethod
    def of_nothing(cls) -> Memory:
        """For a model that takes what is there and asks for nothing else: there is nothing to read or to write."""
        return cls({}, {}, datetime.min.replace(tzinfo=UTC))

    def first(self, delivery: Delivery) -> datetime:
        """Since when something unsettled of its partition has been there."""
        return self._seen[delivery.partition].first

    def waited(self, delivery: Delivery) -> timedelta:
        """For how long that is."""
        return self._now - self._seen[delivery.partition].first

    def unchanged(self, delivery: Delivery) -> timedelta:
        """For how long it has looked as it does now."""
        return self._now - self._seen[delivery.partition].since

    def rows(self, delivery: Delivery) -> int | None:
        """How many rows were counted in it as it is now."""
        return self._seen[delivery.partition].rows

    def counted(self, delivery: Delivery, rows: int) -> None:
        """So many rows: nobody needs to count them again."""
        self._seen[delivery.partition] = replace(self._seen[delivery.partition], rows=rows)

    def keep(self) -> None:
        """Keep what changed for the next look, if anything did."""
        if self._seen != self._before:
            self._write(canonical([dump(self._seen[partition]) for partition in sorted(self._seen)]))


def _seen_again(known: Sighting | None, delivery: Delivery, now: datetime) -> Sighting:
    if known is None:
        return Sighting(delivery.partition, delivery.fingerprint, now, now)
    if known.fingerprint != delivery.fingerprint:
        return replace(known, fingerprint=delivery.fingerprint, since=now, rows=None)
    return known
