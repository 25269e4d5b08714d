"""Loading a version takes bounded memory and bounded time, and who answers meanwhile goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from everfit.errors import DeployError
from everfit.models.memory import resident
from everfit.serving.bounds import AT_ONCE, Bounds
from everfit.serving.versions import Versions
from tests.targets.conftest import Shelf
from tests.toy_model import CODE, toy_folder

SLOW = """
import time
from pathlib import Path

while not Path({gate!r}).exists():
    time.sleep(0.02)
"""


@dataclass
class Registry(Shelf):
    """One model, whose champion a test points to."""

    champion: int = 1

    def models(self) -> list[str]:
        return ["toy"]

    def aliases(self, _model: str) -> Mapping[str, int]:
        return {"champion": self.champion}


@pytest.fixture
def shelf(tmp_path: Path) -> Registry:
    return Registry(tmp_path, {number: toy_folder(tmp_path / f"{number}", number) for number in (1, 2)})


def slow(shelf: Registry, number: int, gate: Path) -> None:
    """From now on the code of that version comes to its end once the gate is there."""
    (shelf.folders[number] / "features.py").write_text(CODE + SLOW.format(gate=str(gate)))


def test_a_version_without_room_leaves_the_one_before_in_its_place(shelf: Registry) -> None:
    versions = Versions(shelf, ["toy"], Bounds(memory=resident() + 50_000_000))
    assert versions.follow("toy") == {"champion": 1}
    shelf.champion = 2
    (shelf.folders[2] / "large.bin").write_bytes(bytes(20_000_000))
    with pytest.raises(
        DeployError, match=r"version 2 of toy does not load: it needs about 2\d\d MB, and the server, w"
    ):
        versions.follow("toy")
    assert versions.get("toy", "champion").version == 1
    assert "(--memory-mb), has" in versions.shelves["toy"].problem


def test_without_a_word_it_is_what_the_machine_has(shelf: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("everfit.serving.bounds.available", lambda: 1000)
    with pytest.raises(DeployError, match=r"and the server has 0 MB left; serve fewer models"):
        Versions(shelf, ["toy"]).follow("toy")


def test_who_loads_too_slowly_is_left_out_and_taken_once_it_is_there(shelf: Registry, tmp_path: Path) -> None:
    versions = Versions(shelf, ["toy"], Bounds(seconds=10))
    versions.follow("toy")
    shelf.champion = 2
    slow(shelf, 2, tmp_path / "gate")
    versions._loading.bounds = Bounds(seconds=0.2)
    begun = time.monotonic()
    for _ in range(3):  # a look every few seconds waits once, and begins it once
        with pytest.raises(DeployError, match=r"it has not within 0.2 s \(--load-time\); it is taken if it does aft"):
            versions.follow("toy")
    assert time.monotonic() - begun < 2
    assert versions.get("toy", "champion").version == 1
    (tmp_path / "gate").touch()
    end = time.monotonic() + 20
    while versions.get("toy", "champion").version == 1 and time.monotonic() < end:
        versions.look()
        time.sleep(0.05)
    assert versions.get("toy", "champion").version == 2
    assert versions.shelves["toy"].problem == ""


def test_what_never_ends_does_not_pile_up(shelf: Registry, tmp_path: Path) -> None:
    versions = Versions(shelf, ["toy"], Bounds(seconds=0.1))
    slow(shelf, 1, tmp_path / "gate")
    for number in range(10, 10 + AT_ONCE):
        shelf.folders[number], shelf.champion = shelf.folders[1], number
        versions.look()
    shelf.champion = 2
    with pytest.raises(DeployError, match=f"version 2 of toy does not load: {AT_ONCE} others have not come to an end"):
        versions.follow("toy")
    (tmp_path / "gate").touch()
