"""Our model server as a target: the suite of all targets, and what may go wrong on the way to it."""

from __future__ import annotations

import http.server
import re
import shutil
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from scipy.stats import binomtest

from everfit.errors import DeployError, EverfitError, Unreachable
from everfit.registry import MlflowRegistry
from everfit.targets.everfit_server import EverfitServer
from everfit.testing.targets import Killed, TargetConformance
from everfit.values import Route
from tests.services import free_port, shared_mlflow, shared_model_server
from tests.targets.conftest import Shelf, trained
from tests.toy_model import ROWS, publish

ASKED = 150
"""Of so many requests, a share of a half is told from one of a quarter."""
CLIENT = httpx.Client(timeout=30, trust_env=False)


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
        """What the server says of itself, which is exact, once real requests have borne it out.

        Who deals by chance cannot be counted to a millionth: what is counted must not be of those counts that come
        once in a million times. Who deals by a key gives each value of it the same version again.
        """
        said = self._told()
        route = said.get("route") or {"answering": {"champion": 1} if "champion" in said["aliases"] else {}, "key": ""}
        shares = {said["aliases"][alias]: share for alias, share in route["answering"].items()}
        asked = ASKED if len(shares) > 1 else 3
        found = [self._ask(number) for number in range(asked)]
        assert shares or set(found) == {None}, found
        for version, share in shares.items():
            assert binomtest(found.count(version), asked, share).pvalue > 1e-6, (route, Counter(found))
        if route["key"]:
            assert [self._ask(number) for number in range(asked)] == found
        return shares

    def shadows(self) -> tuple[int, ...]:
        """Whom the server says, once each of them has scored what another one was asked."""
        said, before = self._told(), self._scored()
        unseen = tuple(said["aliases"][alias] for alias in said.get("route", {"shadows": ()})["shadows"])
        self._ask(0)
        end = time.monotonic() + 20
        while not all(self._scored()[version] > before[version] for version in unseen):
            assert time.monotonic() < end, (unseen, before)
        return unseen

    def _told(self) -> Mapping[str, Any]:
        return CLIENT.get(f"{self.server.url}/models").json()[self.model]  # type: ignore[no-any-return]

    def _ask(self, number: int) -> int | None:
        """Which version answers somebody who names none; None if nobody does."""
        asked = {"model": self.model, "rows": [{**ROWS[0], "carrier": f"C{number}"}]}
        answer = CLIENT.post(f"{self.server.url}/predict", json=asked)
        assert answer.status_code in {200, 404}, answer.text
        return answer.json().get("version")  # type: ignore[no-any-return]

    def _scored(self) -> Counter[int]:
        """How many requests each version has scored in the shadow."""
        page = CLIENT.get(f"{self.server.url}/metrics").text
        wanted = rf'^everfit_shadows_total{{model="{self.model}",outcome="scored",version="(\d+)"}} (\S+)$'
        return Counter({int(version): int(float(count)) for version, count in re.findall(wanted, page, re.MULTILINE)})

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
    """The suite; but a version that nobody registered does not get as far as the server."""

    @pytest.fixture
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> ServerWorld:
        return ServerWorld(tmp_path).at(request.node.originalname.removeprefix("test_")[:60])

    def test_a_version_that_nobody_registered(self, world: ServerWorld) -> None:
        route = Route(world.model, champion=world.publish())
        world.decide(route)
        with pytest.raises(EverfitError, match=r"refused to point challenger of .* to version 999"):
            world.decide(replace(route, challenger=999))
        assert world.target.follow(route) == {"champion": route.champion}
        assert world.shares() == {route.champion: 1}


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
