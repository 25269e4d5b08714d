"""Who serves is decided by one append, whoever races, dies or wakes up: always exactly one champion.

The short forms run with all tests; `make races` has 16 processes race 100 rounds, on a disk and on an S3 server.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from everfit.errors import FencedOut, StaleHead
from everfit.ledger import Ledger, View
from everfit.ledger.entries import AttemptOpened, Deployed, DeploymentStarted, Promoted, RolledBack
from everfit.ledger.reconciler import reconcile
from everfit.steps.deploy import deploy, roll_back
from everfit.steps.judge_again import with_fresh_evidence
from everfit.stores.s3 import connect
from tests.faults.racer import (
    FATAL,
    FREEZE,
    MODEL,
    PRELOAD,
    RACERS,
    WAIT,
    Place,
    act,
    die_at,
    entrant,
    observe,
    quiet,
    race,
    spec,
)
from tests.faults.shelf import Shelf, shared_shelf
from tests.services import s3_server

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(PRELOAD)


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, Any]]:
    with s3_server() as server:
        connect(**server).create_bucket(Bucket="races")
        yield server


@pytest.fixture
def mlflow() -> Iterator[Shelf]:
    shelf = shared_shelf()
    yield shelf
    shelf.forget(MODEL)


def place_on(where: str, root: Path, request: pytest.FixtureRequest) -> Place:
    """Version 1 serves."""
    place = Place(root, **({} if where == "disk" else {where: request.getfixturevalue(where)}))
    place.fill()
    return place


LONG = [pytest.mark.races, pytest.mark.soak, pytest.mark.timeout(3_600)]


@pytest.mark.parametrize(
    ("where", "rounds"),
    [
        pytest.param("disk", 3, id="disk"),
        pytest.param("s3", 1, id="s3"),
        pytest.param("disk", 100, id="disk-100-rounds", marks=LONG),
        pytest.param("s3", 100, id="s3-100-rounds", marks=LONG),
        pytest.param("mlflow", 20, id="mlflow-20-rounds", marks=LONG),
    ],
)
def test_of_sixteen_racers_one_wins_each_round(
    rounds: int, where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = place_on(where, tmp_path, request)
    start, end, stop = FORK.Barrier(RACERS + 1), FORK.Barrier(RACERS + 1), FORK.Event()
    racers = [FORK.Process(target=race, args=(place, number, rounds, start, end)) for number in range(RACERS)]
    observer = FORK.Process(target=observe, args=(place, stop))
    for process in (*racers, observer):
        process.daemon = True
        process.start()
    began = time.monotonic()
    ledger, reign = place.ports().ledger(MODEL), [1]
    for number in range(rounds):
        place.register(ledger, *(entrant(number, racer) for racer in range(RACERS)))
        start.wait(WAIT)  # from here on they race
        end.wait(WAIT)
        reign.append(check_round(place, ledger, reign))
        if rounds > 10 and number % 10 == 9:
            print(f"{where}: {number + 1} of {rounds} rounds, {time.monotonic() - began:.0f} s", flush=True)
    took = time.monotonic() - began
    stop.set()
    for process in (*racers, observer):
        process.join(60)
        assert process.exitcode == 0
    said = [json.loads((tmp_path / f"said-{number}.json").read_text()) for number in range(RACERS)]
    for number in range(rounds):
        assert sorted(one[number] for one in said) == [str(reign[number + 1]), *["StaleHead"] * (RACERS - 1)]
    seen = json.loads((tmp_path / "observed.json").read_text())
    assert 0 not in {*seen["ledger"], *seen["alias"]}, "at some instant nobody served"
    assert {*seen["ledger"], *seen["alias"]} <= set(reign)
    if place.mlflow:
        check_record(place.mlflow, reign)
    print(
        f"\n{where}: {rounds} rounds of {RACERS} processes in {took:.0f} s, {ledger.verify()} entries, "
        f"{seen['looks']} looks of the observer: one winner each, never without a champion"
    )


def check_round(place: Place, ledger: Ledger, reign: list[int]) -> int:
    """Exactly one was promoted, on top of the champion before; alias and route say what the ledger's head says."""
    view = ledger.view()
    promoted = view.of(Promoted)
    assert len(promoted) == len(reign) + 1
    assert (promoted[-1].body.version, promoted[-1].body.previous) == (view.champion, reign[-1])
    assert place.registry.alias(MODEL, "champion") == view.champion
    assert place.registry.route(MODEL) == view.route(MODEL)
    return view.champion


def check_record(mlflow: Shelf, reign: list[int]) -> None:
    """Of all that the alias ever was: it was never away, and never a version that was not champion before."""
    held = mlflow.reign(MODEL, "champion")
    assert held[0] == 1
    assert held[-1] == reign[-1]
    assert set(held) == set(reign), "0 would be an instant without a champion"
    back = sum(after < before for before, after in pairwise(map(reign.index, held)))
    print(f"\nMLflow's database saw {len(held)} writes of the alias, {back} of them by one who came late")


@dataclass(frozen=True)
class Scene:
    """A state in which one thing is about to be done, to begin with again and again."""

    place: Place
    what: str

    def keep(self) -> None:
        """Version 1 serves and version 2 was judged against it; to go back, version 2 serves, too."""
        place = self.place
        place.register(place.ports().ledger(MODEL), 2)
        if self.what == "roll_back":
            deploy(place.ports(), spec(), 2, "first#1", quiet)
        shutil.copytree(place.root / "store", place.root / "start")

    def start_anew(self) -> None:
        root, ports = self.place.root, self.place.ports()
        shutil.rmtree(root / "store")
        shutil.copytree(root / "start", root / "store")
        (root / "ended").unlink(missing_ok=True)
        reconcile(MODEL, ports.ledger(MODEL), ports.registry)

    def check(self, champion: int, previous: int | None) -> View:
        """Ledger, aliases and route say the same."""
        view, registry = self.place.ports().ledger(MODEL).view(), self.place.registry
        assert view.champion == registry.alias(MODEL, "champion") == champion
        assert view.previous == registry.alias(MODEL, "previous") == previous
        assert registry.route(MODEL) == view.route(MODEL)
        return view


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    where, what = request.param
    scene = Scene(place_on(where, tmp_path, request), what)
    scene.keep()
    return scene


@pytest.mark.parametrize(
    ("scene", "every", "least"),
    [
        pytest.param(("disk", "deploy"), 1, 40, id="deploy"),
        pytest.param(("disk", "roll_back"), 1, 20, id="roll_back"),
        pytest.param(("mlflow", "deploy"), 5, 8, id="deploy-mlflow", marks=LONG),
        pytest.param(("mlflow", "roll_back"), 5, 4, id="roll_back-mlflow", marks=LONG),
    ],
    indirect=["scene"],
)
def test_killed_between_any_two_steps(scene: Scene, every: int, least: int) -> None:
    place, what, moments = scene.place, scene.what, 0
    for moment in range(0, 200, every):
        scene.start_anew()
        process = FORK.Process(target=die_at, args=(place, what, moment, FATAL))
        process.start()
        process.join(60)
        assert place.ports().ledger(MODEL).view().champion in (1, 2), "one champion, whatever has happened"
        assert place.registry.alias(MODEL, "champion") in (1, 2)
        act(place.ports(), what, "new#2")
        view = scene.check(*((2, 1) if what == "deploy" else (1, None)))
        decided = len(view.of(Promoted)) + len(view.of(RolledBack))
        assert decided == len(view.of(Deployed)) == (2 if what == "deploy" else 3)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        moments += 1
    assert moments >= least


@pytest.mark.parametrize(
    ("scene", "every", "least"),
    [
        pytest.param(("disk", "deploy"), 2, 20, id="disk"),  # just before each call
        pytest.param(("mlflow", "deploy"), 10, 4, id="mlflow", marks=LONG),
    ],
    indirect=["scene"],
)
def test_a_frozen_attempt_wakes_up_after_its_retry(scene: Scene, every: int, least: int) -> None:
    """The retry deploys and somebody goes back; then the old attempt thaws, wherever it was: nothing changes."""
    place, fenced, moments = scene.place, 0, 0
    for moment in range(0, 200, every):
        scene.start_anew()
        process = FORK.Process(target=die_at, args=(place, "deploy", moment, FREEZE))
        process.start()
        if not frozen(process):
            break
        act(place.ports(), "deploy", "old#2")
        roll_back(place.ports(), spec(), "people complain", "ann", "the wish")
        before = decisions(place)
        os.kill(process.pid, signal.SIGCONT)
        process.join(60)
        ended = (place.root / "ended").read_text()
        fenced += ended == "FencedOut"
        assert ended in ("FencedOut", "went on")
        assert decisions(place) == before
        scene.check(1, None)
        moments += 1
    assert moments >= least
    assert fenced == moments


def frozen(process: Any) -> bool:
    """Wait until it has stopped itself; False if it ran to its end."""
    with suppress(psutil.NoSuchProcess):
        seen = psutil.Process(process.pid)
        while process.is_alive():
            if seen.status() == psutil.STATUS_STOPPED:
                return True
            time.sleep(0.002)
    return False


def decisions(place: Place) -> list[str]:
    entries = place.ports().ledger(MODEL).entries()
    return [entry.key for entry in entries if not isinstance(entry.body, AttemptOpened)]


def test_a_storm_of_old_versions_changes_nothing(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """As a backfill of a year would: 500 runs that want old versions to serve, many at once."""
    place, versions = place_on("disk", tmp_path, request), 12
    ledger = place.ports().ledger(MODEL)
    for version in range(2, versions + 1):
        place.register(ledger, version)
        deploy(place.ports(), spec(), version, "first#1", quiet)
    before = decisions(place)

    def ask(number: int) -> str:
        ports, old = place.ports(), 1 + number % (versions - 1)
        try:
            with_fresh_evidence(
                *(ports, spec(), old, quiet), lambda: deploy(ports, spec(), old, f"backfill-{number}#1", quiet)
            )
        except (StaleHead, FencedOut) as error:
            return type(error).__name__
        return "deployed"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(ask, range(500)))
    assert len(said) == 500
    assert set(said) <= {"StaleHead", "FencedOut"}
    assert decisions(place) == before
    view = ledger.view()
    assert view.champion == place.registry.alias(MODEL, "champion") == versions
    assert len(view.of(DeploymentStarted)) == len(view.of(Promoted)) == versions
