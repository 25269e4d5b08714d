"""Our model server as a target: the happy path is in tests/serving and tests/steps/test_deploy.py, here is the rest."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from everfit.errors import DeployError, Unreachable
from everfit.targets.everfit_server import EverfitServer
from everfit.values import Route
from tests.services import free_port, shared_model_server


@contextmanager
def somebody(status: int, body: bytes) -> Iterator[str]:
    """A web server that always gives the same answer."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def test_nobody_there() -> None:
    target = EverfitServer(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable, match=r"did not answer .*Is it running"):
        target.follow(Route("toy"))
    with pytest.raises(Unreachable, match="did not answer"):
        target.predict("toy", "champion", [{}])


@pytest.mark.parametrize("url", ["localhost:8000", "http://localhost:port"])
def test_no_address(url: str) -> None:
    with pytest.raises(DeployError, match="no address of a model server"):
        EverfitServer(url).follow(Route("toy"))


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (200, b"<html>", DeployError, "no everfit model server"),
        (200, b"[1]", DeployError, "there is no 'aliases'"),
        (502, b'{"error": "version 3 does not load"}', DeployError, "version 3 does not load"),
        (503, b'{"error": "the registry is away"}', Unreachable, "the registry is away"),
        (404, b'{"detail": "Not Found"}', DeployError, "Not Found"),
    ],
)
def test_answers_that_are_no_help(status: int, body: bytes, error: type[Exception], message: str) -> None:
    with somebody(status, body) as url, pytest.raises(error, match=message):
        EverfitServer(url).follow(Route("toy"))


def test_an_answer_that_never_comes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = EverfitServer(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        with pytest.raises(Unreachable, match="ReadTimeout"):
            target.follow(Route("toy"))


def test_a_model_that_the_server_does_not_know() -> None:
    target = EverfitServer(shared_model_server().url)
    with pytest.raises(DeployError, match="there is no model 'nobody_made_this'"):
        target.follow(Route("nobody_made_this"))
    with pytest.raises(DeployError, match=r"refused predict .404"):
        target.predict("nobody_made_this", "champion", [{"a": 1}])
