"""Going back is rehearsed, and whatever is wrong with the version that nobody asks comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.rollback import two_champions
from everfit.errors import DeployError, NotEnoughData, Unreachable
from everfit.ledger.entries import RollbackRehearsed
from everfit.ledger.words import in_words
from everfit.ports import Ports
from everfit.registry import MlflowRegistry
from everfit.spec import ModelSpec, load_spec
from everfit.steps.deploy import roll_back
from everfit.steps.rehearse import rehearse
from everfit.stores import LocalStore
from everfit.targets.everfit_server import EverfitServer
from everfit.values import Answer
from tests.services import free_port, shared_mlflow, shared_model_server


@pytest.fixture
def spec(request: pytest.FixtureRequest) -> ModelSpec:
    return load_spec("flight_delays").model_copy(update={"name": request.node.originalname[5:65]})


@pytest.fixture
def ports(tmp_path: Path, spec: ModelSpec) -> Ports:
    """Version 2 serves, and version 1 is the one to go back to; no batch was ever accepted."""
    nothing: Any = None
    made = Ports(
        *(LocalStore(tmp_path / "store"), nothing, nothing),
        registry=MlflowRegistry(shared_mlflow().url, tmp_path / "work"),
        target=EverfitServer(shared_model_server().url),
        clock=lambda: datetime.now(UTC),
        work=tmp_path / "work",
    )
    two_champions(made, spec, tmp_path)
    return made


def rehearsed(ports: Ports, spec: ModelSpec, key: str = "rehearsed:monday") -> RollbackRehearsed:
    return rehearse(ports, spec, key, print).body


def test_the_version_before_shows_that_it_could_take_over(ports: Ports, spec: ModelSpec) -> None:
    before, aliases = ports.ledger(spec.name).view(), ports.target.follow(ports.registry.route(spec.name))
    found = rehearsed(ports, spec)
    assert (found.version, found.ok) == (1, True)
    assert found.reason.endswith(
        "3 rows answered as when it was judged, and there is no newer batch to make features of"
    )
    assert found.seconds > 0
    view = ports.ledger(spec.name).view()
    assert (view.champion, view.previous, view.route(spec.name)) == (2, 1, before.route(spec.name))
    assert ports.target.follow(ports.registry.route(spec.name)) == aliases
    assert rehearsed(ports, spec) == found
    assert len(ports.ledger(spec.name).view().entries) == len(before.entries) + 1
    assert in_words(view.entries[-1]).startswith("going back to version 1 was rehearsed (")


def test_files_that_are_gone_from_the_registry_are_missed_though_they_are_loaded(ports: Ports, spec: ModelSpec) -> None:
    """The server answers from its memory and this machine has a copy: neither would help after a restart."""
    made = ports.ledger(spec.name).view().versions[1]
    ports.registry.model_files(made.mlflow_run, made.files)
    ours = (ports.work.parent / "toy-1" / "model" / "model.ubj").read_bytes()
    kept = [path for path in (shared_mlflow().log.parent / "artifacts").rglob("model.ubj") if path.read_bytes() == ours]
    for path in kept:
        path.write_bytes(b"")
    try:
        with pytest.raises(DeployError, match=r"going back to version 1 of .* would fail: .*model\.ubj"):
            rehearsed(ports, spec)
    finally:
        for path in kept:
            path.write_bytes(ours)
    entry = ports.ledger(spec.name).view().of(RollbackRehearsed)[-1]
    assert not entry.body.ok
    assert "WOULD FAIL" in in_words(entry)
    with pytest.raises(DeployError, match="would fail"):
        rehearsed(ports, spec)
    assert rehearsed(ports, spec, "rehearsed:tuesday").ok


def test_a_target_that_answers_otherwise_than_it_did(ports: Ports, spec: ModelSpec) -> None:
    class Drifted:
        def __getattr__(self, name: str) -> Any:
            return getattr(ports.target, name)

        def predict(self, model: str, alias: str, rows: Sequence[Any]) -> tuple[int, list[Answer]]:
            version, scores = ports.target.predict(model, alias, rows)
            return version, [score + 0.01 for score in scores]

    with pytest.raises(DeployError, match="version 1 answers differently than offline: row"):
        rehearsed(replace(ports, target=Drifted()), spec)
    assert not ports.ledger(spec.name).view().of(RollbackRehearsed)[-1].body.ok


def test_an_alias_that_was_left_behind_is_brought_back(ports: Ports, spec: ModelSpec) -> None:
    ports.registry.set_alias(spec.name, "previous", 2)
    assert rehearsed(ports, spec).ok
    assert ports.registry.alias(spec.name, "previous") == 1


def test_nothing_is_written_down_while_the_server_is_away(ports: Ports, spec: ModelSpec) -> None:
    away = replace(ports, target=EverfitServer(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(Unreachable, match="did not answer"):
        rehearsed(away, spec)
    assert ports.ledger(spec.name).view().of(RollbackRehearsed) == ()


def test_there_is_nobody_to_go_back_to(ports: Ports, spec: ModelSpec) -> None:
    roll_back(ports, spec, "people complain", "ann", "back")
    with pytest.raises(NotEnoughData, match="no version to go back to yet"):
        rehearsed(ports, spec)
