from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, Any]]:
    """A real S3 server on a free port of this machine: the options that reach it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {"endpoint_url": f"http://{host}:{port}", **KEYS}
    server.stop()


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
