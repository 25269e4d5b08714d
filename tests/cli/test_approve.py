"""`everfit approve`, `reject`, `override` and `verify` at a terminal, on real steps, MLflow and model server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from everfit.cli.opened import person
from everfit.ledger.entries import ApprovalAsked, ApprovalGiven, EvidenceSigned, GatesOverridden
from tests.cli.landed import land
from tests.cli.story import Story, story_of
from tests.services import mlflow_server, model_server


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("project")
    spec, landing = folder / "include" / "models" / "toy" / "model.yaml", folder / "landing" / "toy"
    why = ("--reason", "compared the worst days by hand")
    with (
        mlflow_server(folder / "mlflow") as mlflow,
        model_server(mlflow.url, folder / "server", ["toy"]) as server,
        story_of(folder, mlflow.url, server.url, width=200) as story,
    ):
        story.tell("new", "new", "toy")
        spec.write_text(spec.read_text() + f"\npromotion: {{approval: {{by: [release, {person()}]}}}}\n")
        story.patch.setenv("EVERFIT_ROLES", '{"release": ["ann"]}')
        for month in ("2024-01", "2024-02"):
            land(landing, month)
        story.tell("waits", "run", "toy")
        story.tell("not signed", "verify", "toy", "1")
        story.tell("approve", "approve", "toy", *why)
        story.tell("again", "approve", "toy", "1", *why)
        story.tell("serves", "run", "toy")
        story.tell("verify", "verify", "toy")
        hard = spec.read_text()
        spec.write_text(hard.replace("gates:", "gates:\n  - above_bar: {metric: auc, at_least: 0.9999}", 1))
        land(landing, "2024-03")
        story.tell("kept back", "run", "toy")
        run = story.chapters["kept back"][2].triggers[-1].body.run
        story.tell("first reason", "override", "toy", run, "--reason", "the old one knows no winter")
        story.tell("override", "override", "toy", run, "--reason", "another reason")
        story.tell("reject", "reject", "toy", run, "--reason", "let us wait")
        story.tell("stays", "run", "toy")
        story.tell("show", "ledger", "show", "toy")
        story.tell("lineage", "lineage", "toy", "2")
        story.tell("reconcile", "reconcile", "toy")
        story.tell("whose key", "verify", "toy", "--key", str(folder / "none.pem"))
        bundle = next((folder / "store" / "bundles" / "toy").iterdir())
        bundle.chmod(0o644)
        bundle.write_bytes(bundle.read_bytes().replace(b"payloadType", b"payloadTypf"))
        story.tell("changed", "verify", "toy")
        yield story


def test_a_run_asks_and_does_not_deploy(story: Story) -> None:
    code, said, view = story.chapters["waits"]
    assert code == 0, said
    assert "version 1 is open: it waits for ann or" in said
    assert 'everfit approve toy 1 --reason "..." (or reject)' in said
    assert (view.champion, view.challenger) == (None, 1)
    assert view.of(ApprovalAsked)[0].body.people == ("ann", person())
    assert "version 1 was never promoted" in story.chapters["not signed"][1]


def test_an_approval_lets_the_next_run_deploy_and_sign(story: Story) -> None:
    code, said, view = story.chapters["approve"]
    assert (code, view.champion) == (0, None)
    assert f"version 1: approved  {person()} approved it (compared the worst days by hand)" in said
    assert story.chapters["again"][2].head == view.head
    code, said, view = story.chapters["serves"]
    assert (code, view.champion) == (0, 1), said
    assert "the evidence for version 1 is signed with key" in said
    assert len(view.of(EvidenceSigned)) == 1


def test_what_was_signed_holds_until_a_byte_is_changed(story: Story) -> None:
    code, said, _ = story.chapters["verify"]
    assert code == 0, said
    for words in (
        "✓  ledger",
        "✓  signature",
        "✓  approval",
        "✓  model",
        "✓  evidence",
        "✓  verdicts",
        "✓  batch 2024-01",
    ):
        assert words in said
    assert "toy version 1 is what was signed, to the last byte" in said
    code, said, _ = story.chapters["changed"]
    assert code == 1
    assert "✗  signature" in said
    assert "toy version 1 is NOT what was signed: signature" in said
    code, said, _ = story.chapters["whose key"]
    assert (code, "holds no public key in PEM format" in said) == (1, True)


def test_gates_are_overridden_for_the_first_reason_and_people_are_asked_all_the_same(story: Story) -> None:
    assert story.chapters["kept back"][2].challenger is None
    code, said, view = story.chapters["first reason"]
    assert code == 0, said
    assert "may be promoted AGAINST THE GATES of entry" in said
    assert "the old one knows no winter" in said
    assert view.challenger == 2
    assert len(story.chapters["override"][2].of(GatesOverridden)) == 1
    code, said, view = story.chapters["reject"]
    assert (code, view.challenger) == (0, None)
    assert "version 2: rejected" in said
    assert story.chapters["stays"][2].champion == 1
    assert len(view.of(ApprovalGiven)) == 2


def test_the_mark_stays_in_ledger_and_lineage(story: Story) -> None:
    assert "AGAINST THE GATES" in story.chapters["show"][1]
    said = story.chapters["lineage"][1]
    assert f"Promoted against the gates by {person()} because the old one knows no winter" in said
    assert "Version 2 rejected by" in said
    assert story.chapters["reconcile"][0] == 0


def test_a_reason_has_words(story: Story) -> None:
    for command in ("approve", "reject", "override"):
        with pytest.raises(SystemExit):
            story.tell("none", command, "toy", "x", "--reason", "  ")
