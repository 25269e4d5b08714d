"""Going back while requests come in: nobody goes without an answer, and it is over soon."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.rollback import measure, two_champions
from everfit.ledger.entries import RolledBack
from everfit.ports import Ports
from everfit.registry import MlflowRegistry
from everfit.spec import load_spec
from everfit.stores import LocalStore
from everfit.targets.everfit_server import EverfitServer
from tests.services import shared_mlflow, shared_model_server

SOON = 10
"""Seconds, on a machine that does other things, too; on an idle one it is a tenth of one (`make bench` prints it)."""


def test_nobody_goes_without_an_answer_while_the_champion_is_undone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing: Any = None
    spec = load_spec("flight_delays").model_copy(update={"name": "undone_under_load"})
    ports = Ports(
        *(LocalStore(tmp_path / "store"), nothing, nothing),
        registry=MlflowRegistry(shared_mlflow().url, tmp_path / "work"),
        target=EverfitServer(shared_model_server().url),
        clock=lambda: datetime.now(UTC),
        work=tmp_path / "work",
    )
    two_champions(ports, spec, tmp_path)
    found = measure(ports, spec, seconds=4)
    with capsys.disabled():
        print(f"\n{found.words}")
    assert found.failed == []
    assert len(found.answers) > 100
    assert found.recovered < SOON
    (back,) = ports.ledger(spec.name).view().of(RolledBack)
    assert (back.body.version, back.body.undone) == (1, 2)
    by_time = sorted(found.answers, key=lambda answer: answer.sent)
    assert (by_time[0].version, by_time[-1].version) == (2, 1)
    settled = max(answer.done for answer in found.answers if answer.version == 2)
    assert {answer.version for answer in found.answers if answer.sent > settled} == {1}
