"""How one task hands its result to the next: bytes in the store, key and hash in the XCom.

A verdict with all its numbers can be larger than an XCom should be, and must be readable after Airflow has forgotten
the run. So results are written to `runs/<dag>/<run>/<task>.json` in the store, and the XCom carries the key, the
SHA-256 and a few words for the person who looks at it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from everfit.errors import Corrupted
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports

T = TypeVar("T")

Handed = Any
"""What an operator takes from the one before it: its `output`, or the small dict that this becomes in the task."""


def give(ports: Ports, context: Context, value: object, **words: object) -> dict[str, Any]:
    """Write `value` to the store and return the small reference to it, with `words` for people."""
    ti = context["ti"]
    index = f"-{ti.map_index}" if (ti.map_index or -1) >= 0 else ""
    key = f"runs/{ti.dag_id}/{run_name(context)}/{ti.task_id}{index}.json"
    data = canonical(dump(value))
    ports.store.write(key, data)
    return {"key": key, "sha256": hashlib.sha256(data).hexdigest(), **words}


def take(ports: Ports, kind: type[T], reference: Mapping[str, Any] | str) -> T:
    """Read back what an earlier task gave; the hash must agree (`Corrupted` if not).

    `reference` is that task's XCom, also as the JSON text that a template makes of it.
    """
    found: Mapping[str, Any] = json.loads(reference) if isinstance(reference, str) else reference
    data = ports.store.read(found["key"])
    if hashlib.sha256(data).hexdigest() != found["sha256"]:
        raise Corrupted(
            f"{found['key']} in {ports.store.url} is not what the earlier task wrote there (its SHA-256 should begin"
            f" with {found['sha256'][:12]}): clear that task to make it again"
        )
    return load(kind, json.loads(data))


def run_name(context: Context) -> str:
    """The Airflow run's id as a name for folders: letters, digits, `.`, `_` and `-` only.

    >>> safe("manual__2013-05-01T00:00:00+00:00")
    'manual__2013-05-01T00.00.00.00.00'
    """
    return safe(str(context["ti"].run_id))


def safe(name: str) -> str:
    """Replace by a dot what has no place in a file's name."""
    return "".join(c if c.isalnum() or c in "._-" else "." for c in name)
