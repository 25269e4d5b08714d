"""Make the bucket of the store, and prove that the store decides races: `python -m tools.bucket`, run by airflow-init.

Everything that everfit decides hangs on create-if-absent. Better to fail here, before anything runs, than to find out
later that two writers have both won.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from everfit.errors import StoreUnsafe
from everfit.ledger.probe import probe
from everfit.ports import Store
from everfit.settings import Place
from everfit.stores import open_store
from everfit.stores.place import bucket_and_prefix
from everfit.stores.s3 import connect

RACERS = 16


def main() -> None:
    """The bucket named by the connection `everfit_store` of airflow_settings.yaml."""
    address = Place.from_file().store
    make(address.url, **address.options)
    store = open_store(address.url, cache=None, **address.options)
    probe(store)
    race(store)
    print(f"{address.url} is there and keeps create-if-absent ({RACERS} racers, one winner)")


def make(url: str, **options: str) -> None:
    """Make the bucket unless it is there."""
    client = connect(**options)
    bucket, _ = bucket_and_prefix(url)
    if bucket not in {one["Name"] for one in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=bucket)


def race(store: Store) -> None:
    """Let many writers create the same key at once: exactly one may win (`StoreUnsafe` if not)."""
    key = f"probe/race-{uuid4().hex}"
    with ThreadPoolExecutor(RACERS) as pool:
        winners = [
            name for name, won in enumerate(pool.map(lambda n: store.create(key, b"%d" % n), range(RACERS))) if won
        ]
    if len(winners) != 1 or store.read(key) != b"%d" % winners[0]:
        raise StoreUnsafe(
            f"{store.url} let {len(winners)} of {RACERS} writers create {key} at once, wanted exactly one; "
            "use a newer version of the store, or another one (SeaweedFS from 4.17 on, Amazon S3, a local disk)"
        )


if __name__ == "__main__":
    main()
