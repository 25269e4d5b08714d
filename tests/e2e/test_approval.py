"""People approve, reject, are late or are not asked, in real Airflow through its REST API, as a browser would.

A small Airflow of its own, with a real MLflow and a real model server. The candidates are trained and judged here, so
that nothing but the deploy DAGs is at work.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from everfit.ledger.approvals import Answer, approval
from everfit.ledger.entries import (
    ApprovalAsked,
    ApprovalGiven,
    ApprovalLapsed,
    EvidenceSigned,
    GatesOverridden,
    Promoted,
)
from everfit.ports import Ports
from everfit.registry import MlflowRegistry
from everfit.spec import load_spec
from everfit.steps.verify import verify
from everfit.stores import open_store
from everfit.stores.dvc import DvcStore
from tests.e2e import browser
from tests.e2e.waiting import until
from tests.steps.judging import CODE, House
from tools.local import stack as local_stack
from tools.local.airflow_api import Airflow
from tools.local.errors import StackError
from tools.local.stack import Stack, down, up

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]
TERMS = {
    "alone": "{by: [release]}",
    "refused": "{by: [ann], within: 3d, otherwise: promote}",
    "silent": "{by: [ann], within: 3d, otherwise: promote}",
    "both": "{by: [ann, ben, eve], four_eyes: true, within: 3d}",
    "crash": "{by: [ann]}",
    "kept": "null",
    "seen": "{by: [ann, ben], four_eyes: true, within: 24h}",
}
MODEL = """
name: {name}
title: Will this trip be late?
task: binary
label: late
time: left
data: {{landing: trips, tables: {{trips: {{file: trips.parquet}}}}}}
window: {{batches: 3, holdout: 1, at_least: 2}}
train: {{params: {{rounds: 20, max_depth: 3}}}}
gates:
  - answers_sanely
  - above_bar: {{metric: auc, at_least: {bar}}}
  - beats_baseline: {{loss: log_loss}}
promotion: {{approval: {terms}}}
"""
DAGS = """
from everfit.spec import load_spec
from everfit_airflow.dag.deploy import deploy_dag
from everfit_airflow.dag.override import override_dag

for name in {models!r}:
    for build in (deploy_dag, override_dag):  # for Airflow: each makes a DAG
        dag = build(load_spec(name))
        globals()[dag.dag_id] = dag
"""
USERS = {"admin": "admin", "ann": "user", "ben": "user", "eve": "user"}
HUMAN = 3.0
"""Seconds that a person takes at least: an answer in the moment in which the task is being parked can fail it."""


@dataclass
class Office:
    """The running stack, and the people in it."""

    stack: Stack
    airflow: Airflow
    root: Path

    def house(self, model: str) -> House:
        """The model's ports, as a step here uses them."""
        paths = self.stack.paths
        store = open_store(str(paths.store))
        ports = Ports(
            store=store,
            landing=None,  # type: ignore[arg-type]
            data=DvcStore(f"{store.url}/dvc", self.root / "dvc"),
            registry=MlflowRegistry(self.stack.mlflow_url, self.root / "mlflow"),
            target=None,  # type: ignore[arg-type]
            clock=lambda: datetime.now(UTC),
            work=self.root / "work",
        )
        ports.work.mkdir(exist_ok=True)
        return House(self.root, ports, load_spec(model))

    def challenger(self, model: str) -> House:
        house = self.house(model)
        house.accept(1, 2, 3)
        house.trained(f"{model}-first").register()
        return house

    def begin(self, model: str) -> None:
        self.airflow.trigger(f"{model}_deploy", run="one")

    def state(self, model: str, task: str) -> str | None:
        return next(t.state for t in self.airflow.task_instances(f"{model}_deploy", "one") if t.task == task)

    def waits(self, model: str, task: str = "approve") -> dict:
        """What people read while the task waits, and no worker is held."""
        until(self.airflow, lambda: self.state(model, task) == "awaiting_input", f"{model} {task} waits", 90)
        time.sleep(HUMAN)
        return self.airflow.get(f"/dags/{model}_deploy/dagRuns/one/taskInstances/{task}/-1/hitlDetails")

    def says(self, who: str, model: str, word: str, task: str = "approve", why: str | None = None) -> None:
        """Answer as this person, with their own login."""
        password = json.loads(self.stack.paths.passwords.read_text())[who]
        with Airflow(self.airflow.url, who, password) as theirs:
            theirs.call(
                "PATCH",
                f"/dags/{model}_deploy/dagRuns/one/taskInstances/{task}/-1/hitlDetails",
                json={"chosen_options": [word], "params_input": {"reason": why}},
            )

    def ends(self, model: str) -> dict[str, str | None]:
        """The states of the tasks once the run is over."""
        self.airflow.wait(self.airflow.run(f"{model}_deploy", "one"), 120)
        return {t.task: t.state for t in self.airflow.task_instances(f"{model}_deploy", "one")}


@dataclass(frozen=True)
class Begun:
    """Runs whose tests come last, and when people can no longer answer the silent one."""

    crash: House
    silent: House
    soon: datetime


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    root = tmp_path_factory.mktemp("office")
    for name, terms in TERMS.items():
        folder = root / "models" / name
        (folder / "expectations").mkdir(parents=True)
        (folder / "model.yaml").write_text(MODEL.format(name=name, terms=terms, bar=0.99 if name == "kept" else 0.6))
        (folder / "features.py").write_text(CODE)
        (folder / "expectations/trips.json").write_text('{"name": "trips", "expectations": []}')
    (root / "dags").mkdir()
    (root / "dags" / "office.py").write_text(DAGS.format(models=list(TERMS)))
    ours = {
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "EVERFIT_MODELS": str(root / "models"),
    }
    known = local_stack.services

    def with_people(*asked):
        return tuple(replace(one, environment={**one.environment, **ours}) for one in known(*asked))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_stack, "services", with_people)
        patch.setenv("EVERFIT_MODELS", str(root / "models"))
        state = str(root / "stack")
        stack = up(state)
        try:
            with stack.airflow() as airflow:
                roles = {"key": "everfit_roles", "value": '{"release": ["ann", "ben"]}'}
                airflow.call("POST", "/variables", json=roles)
                airflow.wait_for_dags(*(f"{name}_deploy" for name in TERMS))
                yield Office(stack, airflow, root)
        finally:
            down(state)


@pytest.fixture(scope="module")
def begun(office) -> Begun:
    """What then takes its time by itself, while other tests go on: a retry after a crash, and a term that runs out."""
    crash = office.challenger("crash")
    office.begin("crash")
    office.waits("crash")
    (office.root / "no-folder").write_text("")
    there = office.airflow.get("/connections/everfit_store")
    gone = {
        "connection_id": "everfit_store",
        "conn_type": "fs",
        "extra": json.dumps({"path": f"{office.root}/no-folder/x"}),
    }
    office.airflow.call("PATCH", "/connections/everfit_store", json=gone)
    try:
        office.says("ann", "crash", "Approve", why="once is enough")
        until(office.airflow, lambda: office.state("crash", "approve") == "up_for_retry", "the first try dies", 60)
        assert crash.ledger.view().of(ApprovalGiven) == ()
    finally:
        back = {key: there[key] for key in ("connection_id", "conn_type", "extra")}
        office.airflow.call("PATCH", "/connections/everfit_store", json=back)
    silent = office.challenger("silent")
    soon = datetime.now(UTC) + timedelta(seconds=45)  # long enough for a busy machine to get it to wait
    silent.ledger.append("approval:1:1", ApprovalAsked(1, ("ann",), False, soon, "promote"))
    office.begin("silent")
    assert office.waits("silent")["defaults"] == ["Approve"]
    return Begun(crash, silent, soon)


def test_a_version_is_promoted_once_somebody_who_may_has_approved_it(office):
    house = office.challenger("alone")
    office.begin("alone")
    seen = office.waits("alone")
    assert seen["subject"] == "Promote version 1 of alone?"
    for words in (
        "would be the first champion: all 3 gates passed",
        "| above_bar | ✓ passed | AUC",
        "2013-01 to 2013-02",
    ):
        assert words in seen["body"], seen["body"]
    assert "/everfit/reports/alone/judged-alone-first.html" in seen["body"]
    pool = next(one for one in office.airflow.get("/pools")["pools"] if one["name"] == "default_pool")
    assert (pool["occupied_slots"], pool["running_slots"]) == (0, 0), "no worker waits for people"
    assert house.ledger.view().of(ApprovalAsked)[0].body.people == ("ann", "ben"), "who has the role"
    with pytest.raises(StackError, match=r"403 .*User=eve \(id=eve\) is not a respondent"):
        office.says("eve", "alone", "Approve")
    office.says("ann", "alone", "Approve", why="the curves look right")
    assert office.ends("alone") == {"approve": "success", "deploy": "success"}
    view = house.ledger.view()
    (given,) = view.of(ApprovalGiven)
    assert (given.body.by, given.body.approved, given.body.reason) == ("ann", True, "the curves look right")
    assert given.body.where == "in Airflow"
    assert (view.champion, len(view.of(EvidenceSigned))) == (1, 1)
    proofs = verify(house.ports, "alone", 1, print)
    assert [proof.what for proof in proofs if not proof.holds] == []
    assert "approved by ann (in Airflow): the curves look right" in proofs[2].words


@pytest.mark.usefixtures("begun")
def test_what_is_rejected_is_not_deployed(office):
    house = office.challenger("refused")
    office.begin("refused")
    assert "or else it is **promoted**" in office.waits("refused")["body"]
    office.says("ann", "refused", "Reject", why="not before the holidays")
    assert office.ends("refused") == {"approve": "success", "deploy": "skipped"}
    view = house.ledger.view()
    assert (view.champion, view.challenger) == (None, None)
    assert approval(view, 1).answer is Answer.REJECTED


def test_four_eyes_are_those_of_two_people_in_airflow_or_at_a_terminal(office):
    house = office.challenger("both")
    office.begin("both")
    office.waits("both")
    office.says("ann", "both", "Approve")
    seen = office.waits("both", "approve_too")
    assert "approved by ann" in seen["body"]
    assert [one["name"] for one in seen["assigned_users"]] == ["ben", "eve"]
    with pytest.raises(StackError, match=r"403 .*ann"):
        office.says("ann", "both", "Approve", "approve_too")
    assert house.ledger.view().champion is None
    office.says("ben", "both", "Approve", "approve_too", "me too")
    assert office.ends("both") == {"approve": "success", "approve_too": "success", "deploy": "success"}
    assert [entry.body.by for entry in house.ledger.view().of(ApprovalGiven)] == ["ann", "ben"]


def test_gates_are_overridden_from_the_form_and_it_is_deployed_by_itself(office):
    house = office.house("kept")
    house.accept(1, 2, 3)
    assert not house.trained("kept-first").judge().promote
    run = office.airflow.trigger("kept_override", {"run": "kept-first", "reason": "the old one is broken"})
    assert office.airflow.wait(run, 90).state == "success"
    until(office.airflow, lambda: house.ledger.view().champion == 1, "the version is deployed", 90)
    view = house.ledger.view()
    assert view.of(GatesOverridden)[0].body.by == "admin"
    assert view.of(GatesOverridden)[0].body.reason == "the old one is broken"
    until(office.airflow, lambda: house.ledger.view().of(EvidenceSigned), "the evidence is signed", 60)


def test_an_answer_at_a_terminal_is_found_by_a_task_that_asks_later(office):
    """`refused` was rejected: whoever asks again hears that, and nobody is bothered."""
    assert len(office.house("refused").ledger.view().of(Promoted)) == 0
    office.airflow.trigger("refused_deploy", {"version": 1}, run="two")
    ended = office.airflow.wait(office.airflow.run("refused_deploy", "two"), 90)
    states = {t.task: t.state for t in office.airflow.task_instances("refused_deploy", "two")}
    assert (ended.state, states) == ("success", {"approve": "success", "deploy": "skipped"})


def test_a_person_reads_the_evidence_and_approves_in_a_browser(office):
    house = office.challenger("seen")
    office.begin("seen")
    office.waits("seen")
    password = json.loads(office.stack.paths.passwords.read_text())["ann"]
    with browser.opened(office.stack.airflow_url, height=1100) as page:
        browser.log_in(page, "/dags/seen_deploy/runs/one/tasks/approve/required_actions", "ann", password)
        expect(page.get_by_text("Promote version 1 of seen?").first).to_be_visible()
        expect(page.get_by_role("cell", name="above_bar")).to_be_visible()
        expect(page.get_by_role("link", name="The gates' report")).to_be_visible()
        browser.keep(page, "approval", full_page=True)
        page.get_by_test_id("hitl-option-Approve").or_(page.get_by_role("button", name="Approve")).first.click()
        until(office.airflow, lambda: house.ledger.view().of(ApprovalGiven), "the answer is in the ledger", 60)
    assert house.ledger.view().of(ApprovalGiven)[0].body.by == "ann"
    office.waits("seen", "approve_too")
    office.says("ben", "seen", "Reject", "approve_too", "the picture was all I wanted")
    assert office.ends("seen") == {"approve": "success", "approve_too": "success", "deploy": "skipped"}


def test_when_the_time_is_over_the_declared_default_counts(office, begun):
    assert office.ends("silent") == {"approve": "success", "deploy": "success"}
    view = begun.silent.ledger.view()
    (lapsed,) = view.of(ApprovalLapsed)
    assert (lapsed.body.promote, view.of(ApprovalGiven)) == (True, ())
    assert lapsed.at >= begun.soon
    assert view.champion == 1


def test_an_answer_whose_entry_was_lost_in_a_crash_is_read_again_by_the_retry(office, begun):
    assert office.ends("crash") == {"approve": "success", "deploy": "success"}
    (given,) = begun.crash.ledger.view().of(ApprovalGiven)
    assert (given.body.by, given.body.reason) == ("ann", "once is enough")
    assert given.at - given.body.at > timedelta(seconds=3), "when it was said, not when the retry wrote it down"
