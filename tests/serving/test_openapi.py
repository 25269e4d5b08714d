"""What the OpenAPI promises is kept: schemathesis tries it on a real server."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import Service, folder_server
from tests.serving.conftest import CLIENT
from tests.toy_model import toy_folder

BOSS = {"Authorization": f"Bearer {'boss' * 8}"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    tmp = tmp_path_factory.mktemp("openapi")
    with folder_server(toy_folder(tmp / "toy"), tmp, EVERFIT_TOKENS=f"predict+read+manage:{'boss' * 8}") as service:
        yield service


@pytest.mark.slow
def test_schemathesis_finds_nothing(server: Service, tmp_path: Path) -> None:
    """Every check that it has, on examples, boundaries, random data of the schema and against it, and sequences."""
    program = str(Path(sys.executable).with_name("st"))
    bounds = ["--max-examples", "25", "--seed", "1", "--generation-database", "none", "--suppress-health-check", "all"]
    kinds = ["--checks", "all", "--mode", "all", "--phases", "examples,coverage,fuzzing,stateful"]
    header = f"Authorization: {BOSS['Authorization']}"
    command = [program, "run", f"{server.url}/openapi.json", "-H", header, *kinds, *bounds, "--no-color"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
    tested = re.search(r"Operations:\s+(\d+) selected / (\d+) total", done.stdout)
    assert tested is not None
    assert tested[1] == tested[2] == str(len(paths(server)))
    assert int(re.search(r"(\d+) generated", done.stdout)[1]) > 200
    answered = CLIENT.get(f"{server.url}/metrics", headers=BOSS).text
    assert 'model="toy",status="200"' in answered, "some of what it made up was answered"
    assert "Traceback" not in server.log.read_text()


def paths(server: Service) -> dict[str, dict[str, dict]]:
    return CLIENT.get(f"{server.url}/openapi.json", headers=BOSS).json()["paths"]


def test_every_refusal_is_documented(server: Service) -> None:
    said = paths(server)
    assert {"400", "401", "403", "404", "408", "413", "422", "502", "503"} < said["/predict"]["post"][
        "responses"
    ].keys()
    assert {"401", "403", "404", "502", "503"} < said["/models/{model}/refresh"]["post"]["responses"].keys()
    for path, operations in said.items():
        for operation in operations.values():
            assert ("security" in operation) == (path != "/healthz")
            assert "200" in operation["responses"]


def test_it_says_what_the_loaded_version_wants(server: Service) -> None:
    body = paths(server)["/predict"]["post"]["requestBody"]
    (form,) = body["content"]["application/json"]["schema"]["anyOf"]
    assert form["properties"]["model"]["const"] == "toy"
    assert form["properties"]["alias"]["enum"] == ["champion"]
    row = form["properties"]["rows"]["items"]
    assert row["required"] == ["hour", "carrier", "leaves"]
    assert row["properties"]["hour"]["type"] == ["number", "boolean", "null"]
