"""Great Expectations' page about a delivery: what it needs is kept at validation, the page made when it is asked for.

Rendering imports GX (about 3 s), which a validation that answered from Arrow alone has not paid; most pages are never
looked at. So the results are kept as JSON, and the first reader has the page made, in a process of its own: the
api-server neither holds GX's memory afterwards nor stands still meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import everfit
from everfit.errors import DataError, Unreachable
from everfit.validation.data_docs import Results, results_json

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.values import Arrival

FOLDER = "data-docs"
PAGES = "data-docs-pages"
"""Where they lie: what pages are made of, and in a folder of its delivery each page that was made."""

_SECONDS = 120


def keep_results(ports: Ports, spec: ModelSpec, arrival: Arrival, tables: Sequence[Results]) -> str:
    """Keep what GX's page about a delivery is made of; the key of the page, for `Inspection.data_docs`."""
    key = f"{FOLDER}/{spec.name}/{arrival.partition}-{arrival.fingerprint}"
    at = f"{ports.clock():%Y-%m-%d %H:%M:%S} UTC"
    ports.store.write(f"{key}.json", results_json(spec.name, arrival.partition, at, tables))
    return f"{key}.html"


def page(ports: Ports, key: str) -> bytes:
    """The page with the key that `keep_results` gave, made from the kept results unless it was made from them before.

    Errors: `FileNotFoundError` if there are no such results, `DataError` if no page can be made of them.
    """
    name = key.removesuffix(".html")
    results = ports.store.read(f"{name}.json")
    cached = f"{PAGES}{name.removeprefix(FOLDER)}/{_digest(results)}.html"
    try:
        return ports.store.read(cached)
    except FileNotFoundError:
        made = _render(results)
    ports.store.write(cached, made)
    return made


def _digest(results: bytes) -> str:
    """Results and the page's own template: a page of an older release is made anew."""
    from hashlib import sha256

    from everfit.validation.data_docs import TEMPLATE

    return sha256(results + TEMPLATE.read_bytes()).hexdigest()


def _render(results: bytes) -> bytes:
    path = os.pathsep.join((str(Path(everfit.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "everfit.validation.data_docs"],
            input=results,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": path, "GX_ANALYTICS_ENABLED": "false"},
        )
    except subprocess.TimeoutExpired as error:
        raise Unreachable(f"Great Expectations took more than {_SECONDS} s to make its page; try again") from error
    if done.returncode:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        raise DataError(f"Great Expectations could not make a page of the results: {last}")
    return done.stdout
