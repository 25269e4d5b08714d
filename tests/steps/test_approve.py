"""People agree or do not, and override gates: kept in the ledger, on the page and on the version in MLflow."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import mlflow as mlflow_library
import pytest

from everfit.errors import LedgerError, NotApproved, SpecError, StaleHead, UnknownName
from everfit.ledger.approvals import Answer
from everfit.ledger.entries import ApprovalAsked, ApprovalGiven, GatesOverridden, ModelRegistered
from everfit.spec import ApprovalSpec, ModelSpec, PromotionSpec
from everfit.steps.approve import Said, answer, ask, lapse, version_meant
from everfit.steps.card import report_key
from everfit.steps.deploy import deploy
from everfit.steps.override import override
from tests.steps.judging import GATES, House, build
from tests.steps.mortal import Crash, mortal

NOON = datetime(2013, 6, 1, 12, tzinfo=UTC)
IMPOSSIBLE = [*GATES["binary"][:1], {"above_bar": {"metric": "auc", "at_least": 0.99}}]
ROLES = {"release": ("ann", "ben")}


def asking(house: House, **terms: object) -> ModelSpec:
    """The spec of the house, with people to be asked."""
    return house.spec.model_copy(update={"promotion": PromotionSpec(approval=ApprovalSpec(**terms))})  # type: ignore[arg-type]


def said(who: str, approved: bool = True, reason: str = "I have looked at it") -> Said:
    return Said(approved, who, reason, NOON, "in Airflow")


@pytest.fixture(scope="module")
def passed(tmp_path_factory, mlflow) -> House:
    """A house whose first candidate passed and is version 1; each test asks on a copy of its ledger."""
    made = build(tmp_path_factory.mktemp("passed"), mlflow.url)
    made.accept(1, 2, 3)
    made.trained("first").register()
    return made


@pytest.fixture
def house(passed, tmp_path) -> House:
    shutil.copytree(passed.root / "store", tmp_path / "store")
    store = type(passed.ports.store)(tmp_path / "store")
    return House(tmp_path, replace(passed.ports, store=store, work=tmp_path / "work"), passed.spec)


@pytest.fixture(scope="module")
def kept_back(tmp_path_factory, mlflow) -> House:
    made = build(tmp_path_factory.mktemp("kept"), mlflow.url, gates=IMPOSSIBLE)
    made.accept(1, 2, 3)
    made.trained("first").judge()
    return made


def page(house: House) -> str:
    return house.ports.store.read(report_key(house.spec.name, "first")).decode()


def tag(house: House, mlflow, name: str) -> str:
    tags = mlflow_library.MlflowClient(mlflow.url).get_model_version(house.spec.name, "1").tags
    return tags[f"everfit.{name}"]


def test_a_role_becomes_the_people_who_have_it_and_asking_again_changes_nothing(house):
    spec = asking(house, by=["release", "cleo"], four_eyes=True, within="24h", otherwise="promote")
    found = ask(house.ports, spec, 1, ROLES)
    assert found.asked.body == ApprovalAsked(1, ("ann", "ben", "cleo"), True, NOON + timedelta(hours=24), "promote")
    assert ask(house.ports, spec, 1, {}) == found
    assert house.spec.promotion.approval is None
    with pytest.raises(SpecError, match="asks nobody before a promotion"):
        ask(house.ports, house.spec, 1, ROLES)


def test_an_answer_is_kept_in_ledger_mlflow_and_page_and_is_not_taken_back(house, mlflow):
    spec = asking(house, by=["ann"])
    ask(house.ports, spec, 1, ROLES)
    found = answer(house.ports, spec, 1, said("ann"))
    assert found.answer is Answer.APPROVED
    (entry,) = house.ledger.view().of(ApprovalGiven)
    assert entry.body == ApprovalGiven(1, found.asked.seq, True, "ann", "I have looked at it", NOON, "in Airflow")
    assert tag(house, mlflow, "approval") == "approved: ann approved it (I have looked at it)"
    assert "Version 1 approved by ann (in Airflow): I have looked at it" in page(house)
    assert answer(house.ports, spec, 1, said("ann", reason="again")) == found
    with pytest.raises(NotApproved, match="ann has approved version 1 already, and an answer is not taken back"):
        answer(house.ports, spec, 1, said("ann", approved=False))


def test_deployment_waits_for_the_ledger_whatever_its_caller_believes(house):
    spec = asking(house, by=["ann"])

    def put_on() -> None:
        deploy(house.ports, spec, 1, "try", print)

    with pytest.raises(NotApproved, match="nobody has asked them yet"):
        put_on()
    ask(house.ports, spec, 1, {})
    with pytest.raises(NotApproved, match="it waits for ann to approve it"):
        put_on()
    with pytest.raises(NotApproved, match="it waits for ann to approve it"):
        deploy(house.ports, house.spec, 1, "the spec asks nobody any more, but people were asked", print)
    answer(house.ports, spec, 1, said("ann", approved=False, reason="too early"))
    with pytest.raises(NotApproved, match=r"ann rejected it \(too early\)"):
        put_on()


@pytest.mark.parametrize(("otherwise", "wanted"), [("promote", Answer.APPROVED), ("keep_back", Answer.LAPSED)])
def test_the_deadline_lets_the_default_count_and_not_before(house, otherwise, wanted):
    spec = asking(house, within="24h", otherwise=otherwise)
    ask(house.ports, spec, 1, {})
    assert lapse(house.ports, spec, 1).answer is Answer.OPEN
    later = replace(house.ports, clock=lambda: NOON + timedelta(hours=24))
    assert lapse(later, spec, 1).answer is wanted
    head = house.ledger.view().head
    assert lapse(later, spec, 1).answer is wanted
    assert house.ledger.view().head == head
    if wanted is Answer.LAPSED:
        assert ask(later, spec, 1, {}).asked.body.until == NOON + timedelta(hours=48)


@pytest.mark.parametrize("moment", range(8))
def test_a_crash_anywhere_while_an_answer_is_kept_loses_nothing(house, mlflow, moment):
    spec = asking(house, by=["ann", "ben"], four_eyes=True)
    ask(house.ports, spec, 1, {})
    chances = iter(range(100))
    dying = mortal(house.ports, lambda *_: next(chances) == moment, store=("create", "write"), registry=("tag", "run"))
    with suppress(Crash):
        answer(dying, spec, 1, said("ann"))
    found = answer(house.ports, spec, 1, said("ann"))
    assert (found.answer, len(found.given)) == (Answer.OPEN, 1)
    assert "approved by ann" in page(house)
    assert tag(house, mlflow, "approval").startswith("open: ann approved it")


def test_a_version_is_meant_by_its_run_its_number_or_its_role(house):
    view = house.ledger.view()
    assert [version_meant(view, house.spec.name, word) for word in ("first", "1", "challenger")] == [1, 1, 1]
    with pytest.raises(UnknownName, match=r"no registered run or version of .* 'fisrt'; did you mean 'first'"):
        version_meant(view, house.spec.name, "fisrt")


def test_gates_are_overridden_for_a_reason_and_it_is_marked_everywhere(kept_back, mlflow):
    ports, spec = kept_back.ports, kept_back.spec
    with pytest.raises(LedgerError, match="needs a reason"):
        override(ports, spec, "first", "  ", "ann")
    with pytest.raises(UnknownName, match=r"no judged run of .* 'second'"):
        override(ports, spec, "second", "because", "ann")
    decision, version = override(ports, spec, "first", "the old one is broken", "ann")
    assert decision.body == GatesOverridden("first", decision.body.judged, "the old one is broken", "ann")
    assert (version.version, kept_back.ledger.view().challenger) == (1, 1)
    words = "romoted against the gates by ann because the old one is broken"
    assert f"P{words}" in page(kept_back)
    assert "is <em>kept back</em>" in page(kept_back), "what the gates said stays"
    assert tag(kept_back, mlflow, "override") == f"p{words}"
    head = kept_back.ledger.view().head
    assert override(ports, spec, "first", "another reason", "ben") == (decision, version)
    assert kept_back.ledger.view().head == head
    assert len(kept_back.ledger.view().of(ModelRegistered)) == 1


def test_what_passed_or_was_judged_against_another_champion_is_not_overridden(house):
    with pytest.raises(LedgerError, match="passed its gates in entry"):
        override(house.ports, house.spec, "first", "because", "ann")
    house.crown(1)
    with pytest.raises(StaleHead, match="judged against champion none, and the champion is 1 now"):
        override(house.ports, house.spec, "first", "because", "ann")
