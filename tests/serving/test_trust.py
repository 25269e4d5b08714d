"""Nothing that a caller sends reaches a loader, and no file that has changed is loaded."""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from everfit.errors import DeployError
from everfit.registry import MlflowRegistry
from everfit.serving.app import Settings, create_app
from everfit.serving.versions import Versions
from tests.serving.conftest import Town
from tests.toy_model import CODE, ROWS

_watching: list[list[str]] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event in {"open", "os.listdir", "os.scandir", "import", "pickle.find_class", "os.mkdir"}:
        _watching[-1].append(f"{event} {arguments[0]!r}")


sys.addaudithook(_hook)  # there is no way to take one out again: it does nothing unless somebody watches


@contextmanager
def touched() -> Iterator[list[str]]:
    """What this process opens, lists, imports and unpickles meanwhile, as Python's own audit events say."""
    found: list[str] = []
    _watching.append(found)
    try:
        yield found
    finally:
        _watching.pop()


class Trap:
    """Unpickled, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_no_name_and_no_body_reaches_a_loader(town: Town, tmp_path: Path) -> None:
    """Real names beside them are loaded, so that the watch is known to see."""
    town.publish()
    town.registry.set_alias(town.model, "champion", 1)
    trap = tmp_path / "marker-of-the-trap"
    bait = tmp_path / "marker-bait.pkl"
    poison = pickle.dumps(Trap(trap))
    bait.write_bytes(poison)
    names = [
        str(bait), f"../../../../..{bait}", f"{town.model}/../../marker-x", f"models:/{town.model}/1/marker-y",
        f"file://{bait}", "runs:/marker-z", f"{town.model}\0marker-nul", "..", ".", "", "marker-\u2025\uff0f",
        "marker-" + "\uff54\uff4f\uff59", "marker-%2e%2e%2f", "marker-" + "a" * 10_000, "marker-\U0001f4a3",
        "~", "$HOME", "marker-`id`", "marker-{{7*7}}",
    ]  # fmt: skip
    aliases = [
        "../champion",
        "1",
        "version",
        str(bait),
        "champion\0",
        "\uff43hampion",
        "CHAMPION",
        "",
        1,
        ["champion"],
    ]

    async def talk() -> None:
        app = create_app(
            Settings(MlflowRegistry(town.mlflow.url, tmp_path / "served"), (), 3600), lambda: datetime.now(UTC)
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
            with touched() as seen:
                assert (await client.post(f"/models/{town.model}/refresh")).status_code == 200
            assert [event for event in seen if "served" in event], "the watch sees what is loaded"
            with touched() as seen:
                for name in names:
                    body = {"model": name, "rows": list(ROWS)}
                    assert (await client.post("/predict", json=body)).status_code == 404, name
                    answer = await client.post(f"/models/{quote(name, safe='')}/refresh")
                    assert answer.status_code in {404, 405}, name
                for alias in aliases:
                    body = {"model": town.model, "alias": alias, "rows": list(ROWS)}
                    assert (await client.post("/predict", json=body)).status_code == 422, alias
                for kind in ("application/octet-stream", "application/x-pickle", "application/json"):
                    sent = {"content": poison, "headers": {"Content-Type": kind}}
                    assert (await client.post("/predict", **sent)).status_code == 400
                rows = [{"hour": 6, "carrier": str(bait), "leaves": None, "__class__": "Trap", str(bait): str(bait)}]
                assert (await client.post("/predict", json={"model": town.model, "rows": rows})).status_code == 200
            assert [event for event in seen if "marker" in event or "pickle" in event] == []
        assert not trap.exists()

    asyncio.run(talk())


def test_a_changed_byte_in_the_registry_is_not_loaded(town: Town, tmp_path: Path) -> None:
    version = town.publish(code=f"{CODE}# {town.model}")
    town.registry.set_alias(town.model, "champion", 1)
    artifacts = town.mlflow.log.parent / "artifacts"
    (code,) = [path for path in artifacts.rglob("features.py") if path.read_text().endswith(f"# {town.model}")]
    (folder,) = [one for one in code.parents if all((one / file.name).is_file() for file in version.files)]
    assert {Path(file.name).suffix for file in version.files} >= {".py", ".json", ".ubj", ".parquet"}
    for place, file in enumerate(version.files):
        fresh = Versions(MlflowRegistry(town.mlflow.url, tmp_path / f"served-{place}"), [town.model])
        with flipped(folder / file.name), pytest.raises(DeployError, match=r"version 1 of .* does not load: .*SHA-256"):
            fresh.follow(town.model)
        assert fresh.shelves[town.model].numbers == {}


def test_a_changed_byte_in_the_servers_own_copy_is_fetched_again(town: Town, tmp_path: Path) -> None:
    town.publish()
    town.registry.set_alias(town.model, "champion", 1)

    def served() -> Versions:
        return Versions(MlflowRegistry(town.mlflow.url, tmp_path / "served"), [town.model])

    first = served()
    first.follow(town.model)
    copies = {path: path.read_bytes() for path in (tmp_path / "served").rglob("*") if path.is_file()}
    assert {path.suffix for path in copies} >= {".py", ".json", ".ubj", ".parquet"}
    for copy, right in copies.items():
        _flip(copy)
        again = served()
        assert again.follow(town.model) == {"champion": 1}
        assert copy.read_bytes() == right, copy
        asked = again.get(town.model, "champion").predictor
        assert asked.card == first.get(town.model, "champion").predictor.card


@contextmanager
def flipped(file: Path) -> Iterator[None]:
    right = file.read_bytes()
    _flip(file)
    try:
        yield
    finally:
        file.write_bytes(right)


def _flip(file: Path) -> None:
    """Change one bit in the middle."""
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(bytes(held))
