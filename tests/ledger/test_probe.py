from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from everfit.errors import StoreUnsafe
from everfit.ledger import Ledger
from everfit.ledger.probe import KEY, probe
from everfit.stores import S3Store
from everfit.testing.fakes import MemoryStore, frozen_clock


class Ignorant:
    """An S3 server that takes `If-None-Match` and does not look at it, as rclone's does: the header is left out."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, *, IfNoneMatch: str = "", **options: Any) -> Any:  # noqa: N803
        return self._client.put_object(**options)


def test_a_server_that_ignores_the_condition_is_refused(s3: dict[str, Any], bucket: Callable[[], str]) -> None:
    url = bucket()
    good = S3Store(url, **s3)
    with pytest.raises(StoreUnsafe, match=rf"{url} writes over a key.*If-None-Match.*use a local disk"):
        probe(S3Store(url, Ignorant(good.client)))
    probe(good)


class Sly(MemoryStore):
    """Says no, and writes all the same."""

    def create(self, key: str, data: bytes) -> bool:
        new = key not in self.data
        self.data[key] = data
        return new


def test_a_store_that_says_no_and_writes_anyway_is_refused() -> None:
    with pytest.raises(StoreUnsafe, match="memory:// writes over a key"):
        probe(Sly())


def test_asking_again_adds_nothing() -> None:
    store = MemoryStore()
    for _ in range(3):
        probe(store)
    assert list(store.data) == [KEY]


def test_no_ledger_begins_on_a_store_that_writes_over_what_is_there() -> None:
    store = Sly()
    with pytest.raises(StoreUnsafe, match="memory:// writes over a key"):
        Ledger("flight_delays", store, frozen_clock()).open("work", "first attempt")
    assert store.list("ledger") == []
