"""Where bytes are kept: a local folder or S3 behind one port, the landing place, and the DVC remote.

>>> open_store("/var/lib/everfit").url
'/var/lib/everfit'
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from everfit.ports import Store
from everfit.stores.local import LocalStore
from everfit.stores.place import is_s3, local_root
from everfit.stores.s3 import S3Store

__all__ = ["LocalStore", "S3Store", "open_store"]


def open_store(url: str, *, cache: Path | None = None, **s3: Any) -> Store:
    """The store at `url`: a path, `file:///path` or `s3://bucket/prefix`.

    `s3` goes to boto3's client (`endpoint_url`, `region_name`, `aws_access_key_id`, `aws_secret_access_key`, ...) and
    is not looked at for a local folder, so that one set of settings opens either. `cache` is where an S3 store puts
    the files that it downloads (default `~/.cache/everfit`). Raises `SpecError` for any other kind of address.
    """
    return S3Store(url, cache=cache, **s3) if is_s3(url) else LocalStore(local_root(url))
