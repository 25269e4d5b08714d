"""Deploying for real: a real ledger on disk, a real MLflow, a real model server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from everfit.errors import Corrupted, DeployError, FencedOut, NotEnoughData, StaleHead, UnknownName, Unreachable
from everfit.ledger import Ledger
from everfit.ledger.entries import (
    Body,
    CandidateJudged,
    Deployed,
    DeploymentFailed,
    DeploymentOvertaken,
    DeploymentStarted,
    ModelRegistered,
    Promoted,
    RolledBack,
)
from everfit.ports import Ports
from everfit.predictor import Predictor
from everfit.registry import MlflowRegistry
from everfit.spec import ModelSpec, load_spec
from everfit.steps.deploy import deploy, roll_back
from everfit.stores import LocalStore
from everfit.targets.everfit_server import EverfitServer
from everfit.testing.fakes import TickingClock
from everfit.values import Route, StoredFile
from tests.services import shared_mlflow, shared_model_server
from tests.steps.mortal import Crash, When, counting, mortal
from tests.toy_model import ROWS, publish, toy_folder


@dataclass(frozen=True)
class House:
    """Everything that deploying needs, for one model."""

    ports: Ports
    spec: ModelSpec
    root: Path

    @property
    def ledger(self) -> Ledger:
        return self.ports.ledger(self.spec.name)

    def challenger(self, seed: int, against: int | None, off: float = 0.0) -> int:
        """Train, judge and register: a version whose target must answer as offline, `off` by so much."""
        folder = toy_folder(self.root / f"toy-{seed}", seed, self.spec.name)
        made = publish(self.ports.registry, folder, self.spec.name, f"run:{seed}")
        scores = [score + off for score in Predictor.load(folder).predict(pd.DataFrame(ROWS)).tolist()]
        sample = self.put(f"evidence/{self.spec.name}/{seed}-sample.json", {"rows": ROWS, "scores": scores})
        judged = CandidateJudged(
            *(f"run:{seed}", made.mlflow_run, "5nap5h0t", made.files),
            *(against, True, "all gates passed", (), sample, sample),
        )
        entry = self.ledger.append(f"judged:run:{seed}", judged)
        self.ledger.append(f"registered:run:{seed}", ModelRegistered(made, entry.seq))
        return made.version

    def put(self, key: str, data: Any) -> StoredFile:
        path = self.root / "file.json"
        path.write_text(json.dumps(data))
        return self.ports.store.put_file(key, path)

    def deploy(self, version: int, attempt: str = "try-1") -> Any:
        return deploy(self.ports, self.spec, version, attempt, lambda _: None)

    def roll_back(self, key: str = "roll-back") -> Any:
        return roll_back(self.ports, self.spec, "people complain", "ann", key)

    def count(self, kind: type[Body]) -> int:
        return len(self.ledger.view().of(kind))

    def serving(self) -> int:
        return self.ports.target.predict(self.spec.name, "champion", ROWS)[0]

    def stands(self, champion: int, previous: int | None, challenger: int | None = None) -> bool:
        """Ledger, registry and server agree."""
        view, model, registry = self.ledger.view(), self.spec.name, self.ports.registry
        said = (view.champion, view.previous, view.challenger)
        aliases = tuple(registry.alias(model, name) for name in ("champion", "previous", "challenger"))
        wanted = {"champion": champion, "previous": previous, "challenger": challenger}
        loaded = {alias: version for alias, version in wanted.items() if version}
        return said == aliases == tuple(wanted.values()) and self.ports.target.follow(Route(model)) == loaded


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> House:
    """A house of its own for each test; the servers are shared, the model is not."""
    spec = load_spec("flight_delays").model_copy(update={"name": request.node.originalname[5:65]})
    ports = Ports(
        store=LocalStore(tmp_path / "store"),
        landing=None,  # type: ignore[arg-type]
        data=None,  # type: ignore[arg-type]
        registry=MlflowRegistry(shared_mlflow().url, tmp_path / "work"),
        target=EverfitServer(shared_model_server().url),
        clock=TickingClock(),
        work=tmp_path / "work",
    )
    return House(ports, spec, tmp_path)


def test_the_first_version_becomes_champion(house: House) -> None:
    said: list[str] = []
    version = house.challenger(0, None)
    entry = deploy(house.ports, house.spec, version, "try-1", said.append)
    assert entry.body == Promoted(1, None, 1, len(ROWS), 0.0)
    assert house.stands(champion=1, previous=None)
    assert house.serving() == 1
    kinds = [e.kind for e in house.ledger.entries()][2:]
    assert kinds == ["attempt_opened", "deployment_started", "promoted", "deployed"]
    assert "3 rows answered as offline" in " ".join(said)


def test_deploying_the_champion_changes_nothing(house: House) -> None:
    version = house.challenger(0, None)
    first = house.deploy(version)
    before = house.ledger.view().head
    assert house.deploy(version, "another try") == first
    assert house.ledger.view().head == before


def test_forth_and_back_and_forth(house: House) -> None:
    house.deploy(house.challenger(0, None))
    house.deploy(house.challenger(1, against=1))
    assert house.stands(champion=2, previous=1)
    back = house.roll_back()
    assert back.body == RolledBack(1, 2, "people complain", "ann")
    assert house.stands(champion=1, previous=None)
    assert house.roll_back() == back
    assert house.serving() == 1
    with pytest.raises(NotEnoughData, match="no version before its champion 1"):
        house.roll_back("once more")
    forth = house.deploy(2, "a person")
    assert isinstance(forth.body, Promoted)
    assert house.stands(champion=2, previous=1)
    assert house.deploy(2, "again") == forth
    assert house.roll_back("second thoughts").body.version == 1
    assert house.deploy(1, "no need").kind == "rolled_back"
    assert (house.count(Promoted), house.count(RolledBack), house.count(Deployed)) == (3, 2, 5)


def test_nothing_to_go_back_to(house: House) -> None:
    with pytest.raises(NotEnoughData, match="has no champion yet"):
        house.roll_back()
    with pytest.raises(UnknownName, match=r"no registered version of .* '7'"):
        house.deploy(7)
    assert house.ledger.entries() == ()


def test_other_answers_than_offline(house: House) -> None:
    house.deploy(house.challenger(0, None))
    version = house.challenger(1, against=1, off=2e-6)
    with pytest.raises(DeployError, match="version 2 answers differently than offline: row"):
        house.deploy(version)
    assert "answers differently" in house.ledger.view().of(DeploymentFailed)[0].body.reason
    assert house.stands(champion=1, previous=None)
    with pytest.raises(DeployError, match="answers differently"):
        house.deploy(version, "try-2")
    assert (house.count(DeploymentStarted), house.count(DeploymentFailed), house.count(Promoted)) == (3, 2, 1)


def test_a_sample_that_was_changed(house: House) -> None:
    version = house.challenger(0, None)
    (house.root / "store" / "evidence" / house.spec.name / "0-sample.json").chmod(0o644)
    (house.root / "store" / "evidence" / house.spec.name / "0-sample.json").write_text('{"rows": [], "scores": []}')
    with pytest.raises(Corrupted, match=r"0-sample\.json"):
        house.deploy(version)
    assert house.count(DeploymentFailed) == 1
    assert house.ledger.view().champion is None


def test_a_version_that_does_not_load(house: House) -> None:
    house.deploy(house.challenger(0, None))
    version = house.challenger(1, against=1)
    bytes_of = (house.root / "toy-1" / "model" / "model.ubj").read_bytes()
    kept = (shared_mlflow().log.parent / "artifacts").rglob("model.ubj")
    for victim in kept:
        if victim.read_bytes() == bytes_of:
            victim.write_bytes(b"")
    shutil.rmtree(house.root / "work", ignore_errors=True)
    try:
        with pytest.raises(DeployError, match=r"version 2 of .* does not load"):
            house.deploy(version)
    finally:
        victim.write_bytes(bytes_of)
    assert house.stands(champion=1, previous=None)
    assert house.serving() == 1


def test_somebody_decided_first(house: House) -> None:
    house.deploy(house.challenger(0, None))
    second, third = house.challenger(1, against=1), house.challenger(2, against=1)
    house.deploy(second)
    with pytest.raises(StaleHead, match="version 3 was judged against champion 1, but the champion is 2 now"):
        house.deploy(third)
    assert house.stands(champion=2, previous=1, challenger=3)


def test_somebody_decides_during_the_trial(house: House) -> None:
    house.deploy(house.challenger(0, None))
    second, third = house.challenger(1, against=1), house.challenger(2, against=1)

    class Meanwhile:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.ports.target, name)

        def predict(self, *asked: Any) -> Any:
            answer = house.ports.target.predict(*asked)
            house.deploy(second)
            return answer

    slow = replace(house, ports=replace(house.ports, target=Meanwhile()))
    with pytest.raises(StaleHead, match="version 3 was judged against champion 1"):
        slow.deploy(third)
    assert house.stands(champion=2, previous=1, challenger=3)  # no fault of its own: it waits to be judged again
    assert house.count(DeploymentOvertaken) == 1


def test_somebody_puts_another_one_on_trial_meanwhile(house: House) -> None:
    house.deploy(house.challenger(0, None))
    second, third = house.challenger(1, against=1), house.challenger(2, against=1)

    class Meanwhile:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.ports.target, name)

        def predict(self, *asked: Any) -> Any:
            crash_at(house, once_followed, lambda dying: dying.deploy(third))
            return house.ports.target.predict(*asked)

    slow = replace(house, ports=replace(house.ports, target=Meanwhile()))
    with pytest.raises(StaleHead, match="version 3 took the place of version 2 on trial"):
        slow.deploy(second)
    assert house.stands(champion=1, previous=None, challenger=3)
    house.deploy(third, "try-2")
    assert house.stands(champion=3, previous=1)


def test_one_who_reconciles_slowly_brings_back_the_challenger_of_before(house: House) -> None:
    """Between following the ledger and being asked, the version's alias points elsewhere, or nowhere: not its fault."""
    house.deploy(house.challenger(0, None))
    version, name = house.challenger(1, against=1), house.spec.name
    late: list[int | None] = [None, 1]

    class Meanwhile:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.ports.target, name)

        def predict(self, *asked: Any) -> Any:
            if late:
                house.ports.registry.set_alias(name, "challenger", late.pop())
                house.ports.target.follow(Route(name))
            return house.ports.target.predict(*asked)

    replace(house, ports=replace(house.ports, target=Meanwhile())).deploy(version)
    assert late == []
    assert house.stands(champion=version, previous=1)
    assert (house.count(DeploymentFailed), house.count(DeploymentOvertaken)) == (0, 0)


def test_mlflow_goes_down_in_the_middle(house: House) -> None:
    house.deploy(house.challenger(0, None))
    version = house.challenger(1, against=1)

    class Down:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.ports.registry, name)

        def set_alias(self, *asked: Any) -> None:
            shared_mlflow().stop()
            house.ports.registry.set_alias(*asked)

    falling = replace(house, ports=replace(house.ports, registry=Down()))
    try:
        with pytest.raises(Unreachable, match=r"MLflow at .* did not answer"):
            falling.deploy(version)
        assert house.serving() == 1
    finally:
        shared_mlflow().start()
    assert house.ledger.view().champion == house.ports.registry.alias(house.spec.name, "champion") == 1
    house.deploy(version, "try-2")
    assert house.stands(champion=2, previous=1)
    assert (house.count(DeploymentStarted), house.count(Promoted), house.count(DeploymentFailed)) == (2, 2, 0)


def test_an_old_attempt_wakes_up(house: House) -> None:
    house.deploy(house.challenger(0, None))
    version = house.challenger(1, against=1)

    class Sleepy:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.ports.target, name)

        def predict(self, *asked: Any) -> Any:
            answer = house.ports.target.predict(*asked)
            house.deploy(version, "try-2")
            house.roll_back()
            return answer

    sleepy = replace(house, ports=replace(house.ports, target=Sleepy()))
    with pytest.raises(FencedOut, match=r"'try-1' .* was replaced by attempt 'try-2'"):
        sleepy.deploy(version, "try-1")
    assert house.stands(champion=1, previous=None)


def test_a_retry_does_not_undo_a_roll_back(house: House) -> None:
    house.deploy(house.challenger(0, None))
    version = house.challenger(1, against=1)
    crash_at(house, once_promoted, lambda dying: dying.deploy(version))
    assert house.ledger.view().champion == version
    house.roll_back()
    with pytest.raises(StaleHead, match="deploy it anew if that is wanted"):
        house.deploy(version, "try-2")
    assert house.stands(champion=1, previous=None)
    house.deploy(version, "a person")
    assert house.stands(champion=2, previous=1)


def test_a_crash_at_any_moment_equals_no_crash(house: House) -> None:
    house.deploy(house.challenger(0, None))
    version = house.challenger(1, against=1)
    start = house.root / "start"
    shutil.copytree(house.root / "store" / "ledger", start)
    moments = 0
    for moment in range(99):
        shutil.rmtree(house.root / "store" / "ledger")
        shutil.copytree(start, house.root / "store" / "ledger")
        house.ports.registry.set_alias(house.spec.name, "champion", 1)
        house.ports.registry.set_alias(house.spec.name, "previous", None)
        crashed = crash_at(house, counting(moment), lambda dying: dying.deploy(version, "try-1"))
        house.deploy(version, "try-2" if moment % 2 else "try-1")
        assert house.stands(champion=2, previous=1)
        assert (house.count(DeploymentStarted), house.count(Promoted), house.count(Deployed)) == (2, 2, 2)
        assert house.count(DeploymentFailed) == 0
        if not crashed:
            break
        moments += 1
    assert moments >= 14


def test_a_crash_while_going_back(house: House) -> None:
    house.deploy(house.challenger(0, None))
    house.deploy(house.challenger(1, against=1))
    assert crash_at(house, counting(3), lambda dying: dying.roll_back())
    house.roll_back()
    assert house.stands(champion=1, previous=None)
    assert (house.count(RolledBack), house.count(Deployed)) == (1, 3)


def once_promoted(name: str, given: tuple[Any, ...], happened: bool) -> bool:
    return happened and name == "create" and json.loads(given[1])["kind"] == "promoted"


def once_followed(name: str, given: tuple[Any, ...], happened: bool) -> bool:
    return happened and name == "follow"


def crash_at(house: House, when: When, act: Callable[[House], object]) -> bool:
    """Act in a house whose effects may crash just before or after they happen; returns whether one did."""

    effects = {"store": ("create",), "registry": ("set_alias",), "target": ("follow", "predict")}
    ports = mortal(house.ports, when, **effects)
    try:
        act(replace(house, ports=ports))
    except Crash:
        return True
    return False
