"""Another champion came first: the evidence is made again, against that one, and the deployment goes on or ends."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import mlflow as mlflow_library
import pytest

from everfit.errors import KeptBack, NotEnoughData, StaleHead
from everfit.ledger.entries import CandidateJudged, DeploymentFailed, DeploymentStarted, Promoted
from everfit.ledger.reconciler import reconcile
from everfit.spec import ModelSpec
from everfit.steps.attest import attest
from everfit.steps.card import card, report_key
from everfit.steps.deploy import deploy, roll_back
from everfit.steps.evaluate import again
from everfit.steps.judge_again import judge_again, with_fresh_evidence
from everfit.steps.override import override
from everfit.steps.rehearse import rehearse
from everfit.steps.standing import standing
from everfit.steps.verify import verify
from everfit.targets.everfit_server import EverfitServer
from everfit.values import Snapshot
from tests.services import shared_mlflow, shared_model_server
from tests.steps.judging import CODE, House, build
from tests.steps.mortal import Crash, counting, mortal

IMPOSSIBLE = [{"above_bar": {"metric": "auc", "at_least": 0.99}}]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Version 1 serves; versions 2 and 3 were judged when there was no champion."""
    made = build(tmp_path_factory.mktemp("house"), shared_mlflow().url)
    made.ports = replace(made.ports, target=EverfitServer(shared_model_server().url))
    made.accept(1, 2, 3)
    for number, run in enumerate(("first", "second", "third"), 1):
        assert made.trained(run).register().version == number
    deploy(made.ports, made.spec, 1, "try-1", print)
    shutil.copytree(made.root / "store", made.root / "start")
    return made


@pytest.fixture
def house(built: House) -> House:
    start_anew(built)
    built.code(CODE)
    return built


def start_anew(house: House, part: str = "") -> None:
    """The store, or a part of it, as it was at first, and registry and server following it."""
    shutil.rmtree(house.root / "store" / part)
    shutil.copytree(house.root / "start" / part, house.root / "store" / part)
    reconcile(house.spec.name, house.ledger, house.ports.registry, house.ports.target)


def asking(house: House, gates: list[Any]) -> ModelSpec:
    fields = {name: getattr(house.spec, name) for name in type(house.spec).model_fields}
    return type(house.spec)(**(fields | {"gates": gates}))


def deployed(house: House, version: int = 2, spec: ModelSpec | None = None, attempt: str = "try-1") -> Any:
    spec = spec or house.spec
    return with_fresh_evidence(
        *(house.ports, spec, version, print), lambda: deploy(house.ports, spec, version, attempt, print)
    )


def test_a_stale_version_is_judged_again_and_then_deployed(house: House) -> None:
    name, ports = house.spec.name, house.ports
    with pytest.raises(StaleHead, match=r"judged against champion none, but the champion is 1 now: judge it again"):
        deploy(ports, house.spec, 2, "try-1", print)
    before = house.ledger.view()
    held_out = Snapshot(name, before.trained_on(2).batches, 1).held_out
    first = before.judgement_against("second", None)
    card_before = ports.store.read(report_key(name, "second"))
    house.code("raise RuntimeError('the team is in the middle of an edit')")
    entry = deployed(house)
    view = house.ledger.view()
    judged = view.judgement_against("second", 1)
    assert (judged.key, judged.body.promote) == ("judged:against-1/second", True)
    assert any(verdict.gate == "not_worse_than_champion" and verdict.p is not None for verdict in judged.body.verdicts)
    assert (entry.body.version, entry.body.previous, entry.body.judged) == (2, 1, judged.seq)
    assert view.judgement(2) == judged
    # what it was judged on before is as it was, and the new beside it
    assert judged.body.evidence.key == f"evidence/{name}/against-1/second.parquet"
    assert ports.store.local_file(first.body.evidence).stat().st_size > 0
    assert ports.store.read(report_key(name, "second")) == card_before
    made = ports.store.read(report_key(name, again("second", 1))).decode()
    assert (made, "champion" in made) == (card(ports, house.spec, "second"), True)
    # it was asked of the holdout once more, and has spent
    assert standing(view, house.spec, held_out).uses == standing(before, house.spec, held_out).uses + 1
    tags = mlflow_library.MlflowClient(shared_mlflow().url).get_model_version(name, "2").tags
    assert tags["everfit.judged"] == f"{judged.seq} {judged.sha256}"
    house.code(CODE)
    shown = rehearse(ports, house.spec, "rehearsed", print)
    assert (
        "200 rows answered as when it was judged, 200 rows of batch 2013-03 as its files do here" in shown.body.reason
    )
    attest(ports, house.spec)
    assert [proof.what for proof in verify(ports, name, 2, print) if not proof.holds] == []


def test_the_gates_of_now_say_no_and_it_ends_with_the_reason(house: House) -> None:
    spec = asking(house, IMPOSSIBLE)
    for words in ("judged against champion 1, version 2 is kept back", "judged against champion 1 and kept back"):
        with pytest.raises(KeptBack, match=words):
            deployed(house, spec=spec)
    view = house.ledger.view()
    (failed,) = view.of(DeploymentFailed)
    assert failed.body.version == 2
    assert "above_bar failed" in failed.body.reason
    assert (view.champion, view.challenger, len(view.of(DeploymentStarted))) == (1, 3, 1)
    override(house.ports, spec, "second", "the bar is wrong", "ann")
    assert deployed(house, spec=spec).body.version == 2


def test_a_try_that_died_before_it_wrote_down_that_it_was_kept_back(house: House) -> None:
    spec = asking(house, IMPOSSIBLE)

    class Dying:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.ports.registry, name)

        def tag(self, *given: Any) -> None:
            raise Crash

    with pytest.raises(Crash):
        judge_again(replace(house.ports, registry=Dying()), spec, 2, print)
    assert house.ledger.view().of(DeploymentFailed) == ()
    with pytest.raises(KeptBack, match="above_bar failed"):
        deployed(house, spec=spec)
    assert len(house.ledger.view().of(DeploymentFailed)) == 1
    assert len(house.ledger.view().of(CandidateJudged)) == 4


def test_only_who_waits_is_judged_again(house: House) -> None:
    """Nobody brings an old version back by asking for it: neither one that was overtaken nor one that was undone."""
    deployed(house, 3)
    head = house.ledger.view().head
    with pytest.raises(StaleHead, match="version 2 was judged against champion none, but the champion is 3 now"):
        deployed(house, 2)
    view = house.ledger.view()
    assert {entry.kind for entry in view.entries[-1:]} == {"attempt_opened"}
    assert (view.champion, len(view.of(CandidateJudged)), head != view.head) == (3, 4, True)
    roll_back(house.ports, house.spec, "people complain", "ann", "back")
    with pytest.raises(StaleHead, match="the champion is 1 now"):
        deployed(house, 2)
    with pytest.raises(NotEnoughData, match="no version before its champion 1"):
        roll_back(house.ports, house.spec, "people complain", "ann", "back again")
    assert house.ledger.view().champion == 1


def test_yet_another_champion_comes_while_it_is_judged(house: House) -> None:
    said: list[str] = []

    def progress(message: str) -> None:
        said.append(message)
        if message.startswith("judging version 3 on 2013-03 again, against champion 1"):
            deployed(house, 2)

    entry = with_fresh_evidence(
        *(house.ports, house.spec, 3, progress), lambda: deploy(house.ports, house.spec, 3, "try-1", progress)
    )
    assert (entry.body.version, entry.body.previous) == (3, 2)
    assert house.ledger.view().judgement(3).key == "judged:against-2/third"
    assert any("while version 3 was evaluated, version 2 became the champion" in message for message in said)


def test_a_crash_at_any_moment_equals_no_crash(house: House) -> None:
    moments = 0
    for moment in range(99):
        start_anew(house, "ledger")  # what was evaluated stays, so that only deciding is done again and again
        effects = {"registry": ("tag",), "store": ("create",)}
        dying = House(house.root, mortal(house.ports, counting(moment), **effects), house.spec)
        try:
            deployed(dying)
        except Crash:
            moments += 1
        else:
            break
        assert deployed(house, attempt="try-2").body.version == 2
        view = house.ledger.view()
        assert (view.champion, view.previous, view.challenger) == (2, 1, 3)
        assert (len(view.of(CandidateJudged)), len(view.of(Promoted)), len(view.of(DeploymentFailed))) == (4, 2, 0)
        assert house.ports.registry.alias(house.spec.name, "champion") == 2
    assert moments >= 12
