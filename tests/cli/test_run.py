"""`everfit run`, from a scaffold to a champion that serves: real store, real MLflow, real model server."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from everfit.ledger.entries import BatchAccepted, BatchQuarantined, CandidateJudged, RunTriggered
from tests.cli.landed import land
from tests.cli.story import Story, story_of
from tests.services import mlflow_server, model_server


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("project")
    landing = folder / "landing"
    with ExitStack() as open_now:
        mlflow = open_now.enter_context(mlflow_server(folder / "mlflow"))
        story = open_now.enter_context(story_of(folder, mlflow.url))
        story.tell("new", "new", "toy")
        land(landing / "toy", "2024-01")
        story.tell("one batch", "run", "toy")
        land(landing / "toy", "2024-02")
        story.tell("two batches", "run", "toy", "--note", "the first one")
        story.tell("must deploy", "run", "toy", "--deploy")
        server = open_now.enter_context(model_server(mlflow.url, folder / "server", ["toy"]))
        story.patch.setenv("EVERFIT_SERVER", server.url)
        story.tell("server is up", "run", "toy")
        story.answers = _ask(server.url)
        story.tell("again", "run", "toy")
        bad = land(landing / "toy", "2024-03")
        (bad / "examples.csv").write_text("time,amount,kind\n2024-03-01T00:00:00Z,1,new\n")
        story.tell("bad batch", "run", "toy")
        story.tell("until commit", "run", "toy", "--force", "--until", "commit")
        story.tell("no way back", "rollback", "toy", "--reason", "a try")
        for _ in range(2):
            story.tell("stopped", "run", "toy", "--force", "--until", "train")
        story.tell("forced", "run", "toy", "--force")
        story.tell("stopped later", "run", "toy", "--force", "--until", "resolve")
        story.tell("way back", "rollback", "toy", "--reason", "it felt wrong")
        story.tell("reconcile", "reconcile", "toy")
        story.tell("show", "ledger", "show", "toy")
        story.tell("verify", "ledger", "verify", "toy")
        yield story


def _ask(url: str) -> dict[str, Any]:
    rows = [{"amount": 9.5, "kind": "new"}, {"amount": 0.5, "kind": "known"}]
    body = json.dumps({"model": "toy", "alias": "champion", "rows": rows}).encode()
    request = urllib.request.Request(f"{url}/predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return dict(json.load(answer))


def test_with_one_batch_it_waits_for_more(story: Story) -> None:
    code, said, view = story.chapters["one batch"]
    assert code == 0
    assert "2024-01: 620 rows" in said
    assert "not yet: toy: training takes at least 2 accepted batches; there are 1 (2024-01)" in said
    assert [entry.body.batch.partition for entry in view.of(BatchAccepted)] == ["2024-01"]


def test_with_two_it_trains_and_judges_and_registers(story: Story) -> None:
    code, said, view = story.chapters["two batches"]
    assert code == 0
    assert "learn from 2024-01; judge on 2024-02" in said
    for gate in ("answers_sanely", "above_bar", "beats_baseline", "not_worse_than_champion"):
        assert f"✓  {gate}" in said
    assert "no model server answers, so version 1 waits" in said
    assert (view.champion, view.challenger) == (None, 1)
    assert view.triggers[0].body.note == "the first one"
    assert view.trained_on(1).why == "a person"


def test_where_it_must_deploy_a_missing_server_is_an_error(story: Story) -> None:
    code, said, view = story.chapters["must deploy"]
    assert code == 1
    assert "error: " in said
    assert (view.champion, view.challenger) == (None, 1)


def test_once_the_server_is_up_the_champion_serves(story: Story) -> None:
    code, said, view = story.chapters["server is up"]
    assert code == 0
    assert "no accepted batch is new since the last run" in " ".join(said.split())
    assert "version 1 is the champion" in said
    assert view.champion == 1
    surely, hardly = story.answers["predictions"]
    assert (story.answers["version"], surely > 0.9, hardly < 0.1) == (1, True, True)


def test_again_nothing_happens(story: Story) -> None:
    code, said, view = story.chapters["again"]
    assert code == 0
    assert "nothing new" in said
    assert len(view.entries) == len(story.chapters["server is up"][2].entries)


def test_a_bad_batch_is_refused_and_changes_no_champion(story: Story) -> None:
    code, said, view = story.chapters["bad batch"]
    assert code == 0
    assert "1 reason to refuse it" in said
    assert "found missing outcome" in said
    assert len(view.of(BatchQuarantined)) == 1
    assert view.champion == 1


def test_it_stops_where_it_is_told_to(story: Story) -> None:
    code, said, view = story.chapters["until commit"]
    assert code == 0
    assert "resolve" not in said
    assert len(view.triggers) == 1


def test_forced_it_trains_on_what_there_is(story: Story) -> None:
    code, said, view = story.chapters["forced"]
    assert code == 0
    assert len(view.of(CandidateJudged)) == 2
    assert "judge on 2024-02" in said
    assert (view.champion, view.previous) == (2, 1)  # the same data and seed: not worse than the champion


def test_without_a_previous_champion_there_is_no_way_back(story: Story) -> None:
    code, said, _ = story.chapters["no way back"]
    assert code == 1
    assert "error: toy has had no version before its champion 1" in said


def test_with_one_a_person_goes_back_and_says_why(story: Story) -> None:
    code, said, view = story.chapters["way back"]
    assert code == 0
    assert "back to version 1 from 2, by " in said
    assert "it felt wrong" in said
    assert view.champion == 1


def test_registry_and_server_are_reconciled(story: Story) -> None:
    code, said, _ = story.chapters["reconcile"]
    assert code == 0
    assert "registry and server follow the ledger of toy" in said
    assert "champion 1" in said


def test_the_ledger_tells_it_all_and_is_intact(story: Story) -> None:
    _, said, view = story.chapters["show"]
    for sentence in ("batch 2024-01 accepted", "training started because of a person", "version 1 is the champion"):
        assert sentence in said
    code, said, _ = story.chapters["verify"]
    assert (code, said.startswith(f"intact: {len(view.entries)} entries")) == (0, True)


def test_a_run_that_died_is_gone_on_with_until_its_candidate_is_judged(story: Story) -> None:
    """Forced twice as far as training, then to the end, then once more: the first three are one run."""
    views = [story.chapters[chapter][2] for chapter in ("stopped", "forced", "stopped later")]
    runs = [{entry.body.run for entry in view.of(RunTriggered)} for view in views]
    assert runs[0] == runs[1]
    assert len(runs[2] - runs[1]) == 1
    judged = [entry.body.run for entry in views[1].of(CandidateJudged)]
    assert set(judged) == runs[1]
