"""Our model server as a target: the suite of all targets, and what may go wrong on the way to it."""

from __future__ import annotations

import http.server
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from everfit.errors import DeployError, Unreachable
from everfit.registry import MlflowRegistry
from everfit.targets.everfit_server import EverfitServer
from everfit.testing.targets import Killed, TargetConformance
from everfit.values import Route
from tests.services import free_port, shared_mlflow, shared_model_server
from tests.targets.conftest import Shelf, trained
from tests.toy_model import publish


class ServerWorld(Shelf):
    """A model in a real registry, and the real server that follows it."""

    shadows_too = keeps_previous = True

    def at(self, model: str) -> ServerWorld:
        self.model, self.server = model, shared_model_server()
        self.registry = MlflowRegistry(shared_mlflow().url, self.folder / "work")
        self.target = EverfitServer(self.server.url)
        return self

    def publish(self) -> int:
        return self._publish(trained(len(self.folders) + 1))

    def publish_broken(self) -> int:
        folder = Path(shutil.copytree(trained(1), self.folder / f"broken-{len(self.folders)}"))
        (folder / "features.py").write_text("INPUTS = [")
        return self._publish(folder)

    def _publish(self, folder: Path) -> int:
        number = publish(self.registry, folder, self.model, f"run:{len(self.folders)}").version
        self.folders[number] = folder
        return number

    def decide(self, route: Route) -> None:
        for alias, version in route.aliases.items():
            if self.registry.alias(self.model, alias) != version:
                self.registry.set_alias(self.model, alias, version)
        self.registry.set_route(route)

    def shares(self) -> Mapping[int, float]:
        """Who answers those who ask for nobody in particular."""
        loaded = httpx.get(f"{self.server.url}/models", timeout=30).json()[self.model]["aliases"]
        return {loaded["champion"]: 1} if "champion" in loaded else {}

    def shadows(self) -> tuple[int, ...]:
        return ()

    def changes(self) -> int:
        return self.server.log.read_text().count(f"{self.model} now serves")

    def dying(self, after: int) -> EverfitServer:
        left = [after]

        def die(_: httpx.Request) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        return EverfitServer(self.server.url, session=httpx.Client(event_hooks={"request": [die]}))

    def away(self) -> EverfitServer:
        return EverfitServer(f"http://127.0.0.1:{free_port()}")


class TestEverfitServer(TargetConformance):
    """The suite. How the server splits and shadows requests is its own affair, and tested in tests/serving; and the
    registry points no alias to a version that nobody registered."""

    @pytest.fixture
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> ServerWorld:
        return ServerWorld(tmp_path).at(request.node.originalname.removeprefix("test_")[:60])

    test_the_challenger_gets_its_share = None
    test_a_shadow_arrives_or_is_refused = None
    test_who_gets_which_version_is_kept_or_refused = None
    test_a_version_that_nobody_registered = None


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
