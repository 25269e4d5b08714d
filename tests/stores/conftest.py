from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.services import s3_server


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, Any]]:
    """A real S3 server on a free port of this machine: the options that reach it."""
    with s3_server() as options:
        yield options


@pytest.fixture(scope="session")
def bucket(s3: dict[str, Any]) -> Callable[[], str]:
    """Makes a new bucket and gives its address."""
    from everfit.stores.s3 import connect

    client, count = connect(**s3), itertools.count()

    def make() -> str:
        name = f"lake-{next(count)}"
        client.create_bucket(Bucket=name)
        return f"s3://{name}/ever/fit"

    return make


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own settings, and nothing written to them."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("home")))
