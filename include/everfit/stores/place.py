"""Addresses and keys: what may be one, and what it means."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from everfit.errors import DataError, SpecError

# One part of a key: no slash, no backslash, no control character, and no dot in front. The last keeps out `.` and `..`,
# and leaves names with a dot in front to our own half-written files.
_PART = r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*"
_KEY = re.compile(rf"{_PART}(/{_PART})*")


def checked(key: str) -> str:
    """The key itself if it is a safe one, else `DataError`.

    >>> checked("ledger/flight_delays/00000042.json")
    'ledger/flight_delays/00000042.json'
    """
    if _KEY.fullmatch(key):
        return key
    raise DataError(
        f"{key!r} cannot be a store key; wanted parts joined by '/', none of them empty or beginning with a dot, "
        "without backslashes and control characters. Rename the file or partition that it comes from"
    )


def is_key(key: str) -> bool:
    """Whether `checked` would let the key pass."""
    return _KEY.fullmatch(key) is not None


def is_s3(url: str) -> bool:
    """Whether the address is one of S3."""
    return url.startswith("s3://")


def local_root(url: str) -> Path:
    """The folder that a path or a `file://` address names.

    >>> str(local_root("file:///var/lib/ever%20fit"))
    '/var/lib/ever fit'
    """
    if "://" not in url:
        return Path(url)
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path:
        raise SpecError(f"there is no store for {url!r}; wanted a path, file:///path or s3://bucket/prefix")
    return Path(unquote(parts.path))


def bucket_and_prefix(url: str) -> tuple[str, str]:
    """The bucket of an S3 address, and its prefix: empty or ending in a slash.

    >>> bucket_and_prefix("s3://lake/everfit"), bucket_and_prefix("s3://lake")
    (('lake', 'everfit/'), ('lake', ''))
    """
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not is_s3(url) or not bucket:
        raise SpecError(f"{url!r} is not an address of S3; wanted s3://bucket or s3://bucket/prefix")
    return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""
