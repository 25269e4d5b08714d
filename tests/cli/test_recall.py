"""`everfit recall`, `erase` and `reproduce` at a terminal, on real steps, a real MLflow and a real model server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from everfit.ledger.entries import RowsErased
from tests.cli.landed import land
from tests.cli.story import Story, story_of
from tests.services import mlflow_server, model_server


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("project")
    models, landing = folder / "include" / "models", folder / "landing"
    with (
        mlflow_server(folder / "mlflow") as mlflow,
        model_server(mlflow.url, folder / "server", ["toy"]) as server,
        story_of(folder, mlflow.url, server.url, width=200) as story,
    ):
        story.tell("new", "new", "toy")
        for months in (("2024-01", "2024-02"), ("2024-03",)):
            for month in months:
                land(landing / "toy", month)
            story.tell(f"run {months[-1]}", "run", "toy")
        (models / "broken").mkdir()
        (models / "broken" / "model.yaml").write_text("name: broken\n")
        (models / "toy" / "features.py").write_text("INPUTS = []\n")
        story.tell("reproduce", "reproduce", "toy", "1", "--into", str(folder / "again"))
        story.tell("not empty", "reproduce", "toy", "1", "--into", str(folder / "again"))
        reason = ("--reason", "the clocks were wrong", "--by", "ann")
        story.tell("dry", "recall", "toy/2024-03", *reason, "--dry-run")
        story.tell("no such", "recall", "toy/2024-3", *reason)
        story.tell("recall", "recall", "toy/2024-03", *reason)
        story.tell("again", "recall", "2024-03", "--model", "toy", *reason)
        (folder / "keys").write_text("2024-02-07T05:00:00Z\n2024-01-03T07:00:00Z\n\n")
        erase = ("erase", "toy", "--table", "examples", "--column", "time", "--reason", "asked", "--by", "ann")
        story.tell("dry erase", *erase, "--key-file", str(folder / "keys"), "--dry-run")
        story.tell("erase", *erase, "--key-file", str(folder / "keys"))
        story.tell("nothing", *erase, "--key", "2024-02-07T05:00:00Z")
        story.tell("no keys", *erase, "--key-file", str(folder / "none"))
        story.tell("too late", "reproduce", "toy", "1")
        story.tell("show", "ledger", "show", "toy")
        story.tell("verify", "ledger", "verify", "toy")
        yield story


def test_a_version_is_made_again_although_the_checkout_changed(story: Story) -> None:
    code, said, _ = story.chapters["reproduce"]
    assert code == 0, said
    assert "version 1 was made again, byte for byte" in said
    for name in ("everfit.json", "features.py", "model.ubj"):
        assert f"✓  {name}" in said
        assert (story.folder / "again" / "made" / "model" / name).is_file()
    code, said, _ = story.chapters["not empty"]
    assert (code, "is not empty" in said) == (1, True)


def test_a_rehearsal_changes_nothing(story: Story) -> None:
    code, said, view = story.chapters["dry"]
    assert code == 0
    assert "toy  would recall 2024-03 (entry" in said
    assert "would freeze version 2" in said
    assert "would serve version 1 again" in said
    assert "broken was not looked at" in said
    assert view.head == story.chapters["run 2024-03"][2].head


def test_a_recall_goes_back_freezes_and_asks(story: Story) -> None:
    code, said, view = story.chapters["recall"]
    assert code == 0
    assert "recalled by ann: the clocks were wrong; it touches version 2" in said
    assert "frozen, never to be promoted again: version 2" in said
    assert "version 1 serves again" in said
    assert (view.champion, view.previous, view.challenger) == (1, None, None)
    assert view.asked
    assert story.chapters["again"][2].head == view.head
    code, said, _ = story.chapters["no such"]
    assert code == 1
    assert "did you mean 'toy/2024-03'" in said


def test_an_erasure_says_what_it_did_and_what_is_left(story: Story) -> None:
    code, said, view = story.chapters["dry erase"]
    assert code == 0
    assert "2 keys of examples.time: 2 rows in 2024-01 (1), 2024-02 (1)" in said
    assert view.head == story.chapters["again"][2].head
    code, said, view = story.chapters["erase"]
    assert code == 1, "there is something left for a person to do"
    assert "2 rows of examples erased by time from 2 batches, by ann: asked; it touches versions 1, 2" in said
    assert "version 1 KNOWS DATA THAT WAS TAKEN BACK, AND GOES ON SERVING" in said
    assert (
        f"version 1 may remember the rows: delete it, its logged model and its run {view.versions[1].mlflow_run}"
        in said
    )
    assert [batch.label for _, batch in view.batches] == ["2024-01 v2", "2024-02 v2"]
    (erased,) = view.of(RowsErased)
    assert len(erased.body.salt) == 32
    assert story.chapters["nothing"][0] == 0
    assert "no row anywhere" in story.chapters["nothing"][1]
    assert "cannot be read as one key per line" in story.chapters["no keys"][1]


def test_no_key_is_said_or_written(story: Story) -> None:
    said = "".join(said for _, said, _ in story.chapters.values())
    written = b"".join(path.read_bytes() for path in (story.folder / "store").rglob("*") if path.is_file())
    for key in ("2024-02-07T05:00:00Z", "2024-01-03T07:00:00Z"):
        assert key not in said
        assert key.encode() not in written


def test_what_was_erased_cannot_be_made_again(story: Story) -> None:
    code, said, _ = story.chapters["too late"]
    assert code == 1
    assert "the bytes of batch 2024-01 were deleted" in said
    assert story.chapters["verify"][0] == 0
