"""Does the store keep its word? Asked once before anything is decided on it."""

from __future__ import annotations

from everfit.errors import StoreUnsafe
from everfit.ports import Store

KEY = "probe/create-if-absent"


def probe(store: Store) -> None:
    """Raise `StoreUnsafe` unless the store refuses to create what is there already.

    Some S3 look-alikes take `If-None-Match: *` and write anyway (rclone's server and s3rver do): on those two writers
    would both win. Leaves one small object under `probe/`; asking again adds nothing.
    """
    store.create(KEY, b"first")
    there = store.read(KEY)
    written = store.create(KEY, b"second")
    if written or store.read(KEY) != there:
        raise StoreUnsafe(
            f"{store.url} writes over a key that create-if-absent must leave alone (it ignores 'If-None-Match: *'); "
            "use a local disk, Amazon S3, or another server that keeps it"
        )
