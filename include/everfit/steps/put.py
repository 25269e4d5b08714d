"""Bytes that are at hand, kept in the store as a file with its hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from everfit.values import StoredFile

if TYPE_CHECKING:
    from everfit.ports import Store


def put(store: Store, key: str, data: bytes) -> StoredFile:
    """Keep them under `key`, whole or not at all, replacing what was there.

    >>> from everfit.testing.fakes import MemoryStore
    >>> put(MemoryStore(), "a/b", b"").sha256[:12]
    'e3b0c44298fc'
    """
    store.write(key, data)
    return StoredFile(key, hashlib.sha256(data).hexdigest())
