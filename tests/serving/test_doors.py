"""A real server behind its doors: who comes in, with how much, and how slowly."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from everfit.errors import DeployError
from everfit.serving.__main__ import arguments, keys
from everfit.serving.questions import MOST_BYTES
from everfit.targets.everfit_server import EverfitServer
from everfit.values import Route
from tests.services import ROOT, Service, free_port, model_server, shared_mlflow
from tests.serving.conftest import CLIENT, Town
from tests.toy_model import ROWS

CALLER, READER, BOSS = "caller" * 5, "reader" * 5, "boss" * 8
TOKENS = f"predict:{CALLER} read:{READER} predict+read+manage:{BOSS}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    env = {"EVERFIT_TOKENS": TOKENS}
    with model_server(shared_mlflow().url, tmp_path_factory.mktemp("doors"), env=env) as running:
        yield running


def as_(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/predict", "predict"),
        ("GET", "/models", "read"),
        ("GET", "/metrics", "read"),
        ("GET", "/openapi.json", "read"),
        ("GET", "/docs", "read"),
        ("POST", "/models/toy/refresh", "manage"),
        ("POST", "/healthz", "manage"),
        ("POST", "//predict", "manage"),
        ("POST", "/nowhere", "manage"),
        ("DELETE", "/models", "manage"),
    ],
)
def test_each_path_wants_its_scope(server: Service, method: str, path: str, scope: str) -> None:
    def ask(headers: dict[str, str]) -> httpx.Response:
        return CLIENT.request(method, server.url + path, headers=headers)

    without = ask({})
    assert without.status_code == 401
    assert without.headers["www-authenticate"].startswith("Bearer")
    assert "Authorization: Bearer" in without.json()["error"]
    assert ask(as_("nobody" * 5)).status_code == 401
    assert ask(as_(BOSS)).status_code not in {401, 403}
    for name, token in {"predict": CALLER, "read": READER}.items():
        answer = ask(as_(token))
        if name == scope:
            assert answer.status_code not in {401, 403}
        else:
            assert answer.status_code == 403
            assert f'scope="{scope}"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", f"Basic {BOSS}")],
        [("Authorization", BOSS)],
        [("Authorization", "Bearer")],
        [("Authorization", f"Bearer {BOSS}"), ("Authorization", f"Bearer {BOSS}")],
        [("Authorization", f"Bearer {BOSS} {BOSS}")],
        [("X-Authorization", f"Bearer {BOSS}")],
        [("Authorization", f"Bearer {BOSS[:-1]}")],
        [("Authorization", f"Bearer {BOSS.upper()}")],
    ],
)
def test_what_is_no_token(server: Service, headers: list[tuple[str, str]]) -> None:
    assert CLIENT.get(f"{server.url}/metrics", headers=headers).status_code == 401


def test_health_is_open_and_a_token_in_the_address_opens_nothing(server: Service) -> None:
    assert CLIENT.get(f"{server.url}/healthz").status_code == 200
    assert CLIENT.get(f"{server.url}/metrics", params={"token": READER}).status_code == 401


def test_the_target_sends_its_token_and_says_what_it_lacks(server: Service, town: Town) -> None:
    town.publish()
    town.registry.set_alias(town.model, "champion", 1)
    boss = EverfitServer(server.url, token=BOSS)
    assert boss.follow(Route(town.model, 1)) == {"champion": 1}
    version, answers = boss.predict(town.model, "champion", ROWS)
    assert (version, len(answers)) == (1, len(ROWS))
    assert EverfitServer(server.url, token=CALLER).predict(town.model, "champion", ROWS) == (1, answers)
    with pytest.raises(DeployError, match=r"refused models/.* .403.*has not the scope 'manage'"):
        EverfitServer(server.url, token=CALLER).follow(Route(town.model))
    with pytest.raises(DeployError, match=r".401.*Authorization: Bearer"):
        EverfitServer(server.url).follow(Route(town.model))
    assert BOSS not in repr(boss)


def test_refusals_are_counted_and_no_token_is_logged(server: Service) -> None:
    def refused(status: int) -> float:
        page = CLIENT.get(f"{server.url}/metrics", headers=as_(READER)).text
        found = [line for line in page.splitlines() if f'everfit_refused_requests_total{{status="{status}"}}' in line]
        return float(found[0].split()[-1]) if found else 0

    before = refused(401)
    CLIENT.get(f"{server.url}/metrics", headers=as_("wrong" * 8))
    assert refused(401) == before + 1
    log = server.log.read_text()
    assert not [secret for secret in (CALLER, READER, BOSS, "wrong" * 8) if secret in log]


def talk(server: Service, *parts: bytes, wait: float = 0, until: float = 30) -> bytes:
    """Send raw bytes, with a wait before each but the first; what the server says before it hangs up, or is done."""
    port = int(server.url.rpartition(":")[2])
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=until) as line:
        for place, part in enumerate(parts):
            time.sleep(wait if place else 0)
            try:
                line.sendall(part)
            except OSError:
                break
        try:
            while more := line.recv(65536):
                said += more
        except ConnectionResetError:
            pass
        return said


def head(path: str = "/predict", token: str = CALLER, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", "Connection: close", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def status(said: bytes) -> int:
    return int(said.split(maxsplit=2)[1]) if said else 0


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(server: Service) -> None:
    said = talk(server, head("/predict", CALLER, f"Content-Length: {MOST_BYTES + 1}", "Expect: 100-continue"))
    assert status(said) == 413
    assert b"100 Continue" not in said


def test_nobody_without_a_token_gets_to_send_a_body(server: Service) -> None:
    said = talk(server, head("/predict", "nobody" * 5, "Content-Length: 1000", "Expect: 100-continue"))
    assert status(said) == 401
    assert b"100 Continue" not in said


def test_a_body_of_unknown_length_is_counted(server: Service) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(MOST_BYTES // 2**20 + 2):
            yield b" " * 2**20

    answer = CLIENT.post(f"{server.url}/predict", content=chunks(), headers=as_(CALLER))
    assert answer.status_code == 413
    assert "ask in parts" in answer.json()["error"]
    small = CLIENT.post(
        f"{server.url}/predict", content=iter([b'{"model": ', b'"none", "rows": [{}]}']), headers=as_(CALLER)
    )
    assert small.status_code == 404


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (b"POST /predict HTTP/1.1\r\nX: " + b"a" * 40_000, 431),  # a header that never ends
        (head("/predict", CALLER, "X: " + "a" * 40_000), 431),
        (head("/predict", CALLER, *(f"X-{place}: a" for place in range(120))), 431),
        (head("/" + "a" * 40_000), 414),
        (b"nonsense\r\n\r\n", 400),
        (head("/predict", CALLER, "Content-Length: 5", "Content-Length: 6"), 400),
        (head("/predict", CALLER, "Content-Length: -5"), 400),
        (head("/predict", CALLER, "Content-Length: 5", "Transfer-Encoding: chunked"), 400),
        (
            head("/predict", CALLER, "Upgrade: websocket").replace(b"Connection: close", b"Connection: close, upgrade"),
            400,
        ),
    ],
)
def test_heads_that_are_too_large_or_make_no_sense(server: Service, sent: bytes, wanted: int) -> None:
    said = talk(server, sent)
    assert status(said) == wanted
    assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]


def test_who_is_too_slow_is_told_so_and_no_failure_is_counted(tmp_path: Path) -> None:
    """With a shorter patience than the real one; the same server answers others meanwhile."""
    program = """
import sys
from everfit.serving import __main__, patience
patience.PatientProtocol.grace = 0.5
__main__.main()
"""
    port = free_port()
    command = [sys.executable, "-c", program, "--registry", shared_mlflow().url, "--port", str(port)]
    service = Service(
        [*command, "--work", str(tmp_path), "--look-every", "3600"],
        f"http://127.0.0.1:{port}", "/healthz", tmp_path / "log", {"EVERFIT_TOKENS": TOKENS},
    )  # fmt: skip
    try:
        service.start()
        begun = time.monotonic()
        assert status(talk(service, b"POST /predict HT", until=5)) == 408
        assert status(talk(service, head("/predict", CALLER, "Content-Length: 100") + b"{", until=5)) == 408
        dripping = [head("/predict", CALLER, "Content-Length: 100"), *[b"a"] * 12]
        assert status(talk(service, *dripping, wait=0.1, until=5)) == 408
        assert talk(service, until=5) == b"", "a line on which nothing is ever said is closed"
        assert time.monotonic() - begun < 10
        steady = head("/predict", CALLER, "Content-Length: 300000")
        assert status(talk(service, steady, *[b" " * 50_000] * 6, wait=0.15, until=5)) == 400, "slow, but not too slow"
        page = CLIENT.get(f"{service.url}/metrics", headers=as_(READER)).text
        assert 'status="500"' not in page
        assert "Traceback" not in service.log.read_text()
    finally:
        service.stop()


@pytest.mark.parametrize(
    ("words", "tokens", "message"),
    [
        ([], "", "nobody could ask this server: set EVERFIT_TOKENS"),
        (["--host", "0.0.0.0"], "", "nobody could ask this server"),
        (["--host", "0.0.0.0", "--open"], "", r"--open is for servers of this machine alone, and 0\.0\.0\.0 is more"),
        (["--host", "models.example", "--open"], TOKENS, "--open is for servers of this machine alone"),
        ([], "predict:short", "EVERFIT_TOKENS, entry 1: wanted a token"),
        (["--tokens", "/nowhere/tokens"], "", "tokens /nowhere/tokens cannot be read"),
    ],
)
def test_who_may_ask_has_to_be_said(words: list[str], tokens: str, message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        keys(arguments(["--registry", "http://127.0.0.1:1", *words]), {"EVERFIT_TOKENS": tokens})


def test_a_server_that_nobody_could_ask_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "everfit.serving", "--registry", "http://127.0.0.1:1", "--work", str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "include"), "EVERFIT_TOKENS": ""}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("nobody could ask this server")


def test_an_open_server_answers_to_its_own_machines_names_alone(town: Town) -> None:
    """So that no page in a browser can reach it under a name of its own (DNS rebinding)."""
    for host in ("localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"):
        assert CLIENT.get(f"{town.server.url}/models", headers={"Host": host}).status_code == 200
    for host in ("evil.example", "localhost.evil.example", "[::2]", "0.0.0.0", "127.0.0.1.evil.example:8000"):
        answer = CLIENT.get(f"{town.server.url}/models", headers={"Host": host})
        assert (answer.status_code, "localhost" in answer.json()["error"]) == (403, True)
