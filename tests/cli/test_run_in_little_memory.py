"""`train.memory` from the spec to the bytes: `everfit run` in memory and in external memory."""

from __future__ import annotations

import ctypes
import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest

from everfit.cli.opened import opened
from everfit.ledger.entries import CandidateJudged
from everfit.models.xgb import size
from tests.cli.landed import land
from tests.cli.story import Story, story_of
from tests.services import Service, mlflow_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as service:
        yield service


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, server: Service) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("project")
    with story_of(folder, server.url) as story, pytest.MonkeyPatch.context() as patch:
        patch.setattr(size, "PAGE_CELLS", 2 * 1024)  # so small that a few thousand rows fill many pages
        story.tell("new", "new", "toy")
        for month in ("2024-01", "2024-02"):
            land(folder / "landing" / "toy", month, per_day=200)
        give_back()
        story.tell("plenty", "run", "toy", "--until", "judge")
        allow(folder, "2 MB")
        story.tell("too little", "run", "toy", "--force", "--until", "judge")
        (least,) = re.findall(r"needs about (\d+) MB even in external memory", story.chapters["too little"][1])
        allow(folder, f"{int(least) + 0.6} MB")
        give_back()
        story.tell("little", "run", "toy", "--force", "--until", "judge")
        yield story


def give_back() -> None:
    """Hand back what earlier tests left: a training that lives on memory which this process holds takes none."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def allow(folder: Path, memory: str) -> None:
    """Write it into the model's spec."""
    path = folder / "include" / "models" / "toy" / "model.yaml"
    text = re.sub(r"\n  memory: .*", "", path.read_text())
    path.write_text(text.replace("\n  seed: 1", f"\n  seed: 1\n  memory: {memory}"))


def judged(story: Story) -> tuple[CandidateJudged, CandidateJudged]:
    plenty, little = (entry.body for entry in story.chapters["little"][2].of(CandidateJudged))
    return plenty, little


def test_what_does_not_fit_even_so_is_refused_with_what_it_needs(story: Story) -> None:
    assert [story.chapters[name][0] for name in ("plenty", "too little", "little")] == [0, 1, 0]
    said = " ".join(story.chapters["too little"][1].split())
    assert re.search(r"in external memory, and 2 MB may be taken: allow more \(train\.memory\)", said)


def test_the_model_has_the_same_bytes(story: Story) -> None:
    plenty, little = ({file.name: file.sha256 for file in one.files} for one in judged(story))
    assert plenty["model.ubj"] == little["model.ubj"]
    assert plenty == little, "nor does the card say anything else"


def test_what_was_stated_and_what_was_taken_is_in_mlflow_and_in_the_lineage(story: Story, server: Service) -> None:
    client, registry = mlflow.MlflowClient(server.url), opened().registry
    for one, where in zip(judged(story), ("in memory", "in external memory"), strict=True):
        run = client.get_run(one.mlflow_run).data
        lineage: dict[str, Any] = json.loads(registry.run_file(one.mlflow_run, "lineage/training.json"))["facts"]
        for facts in ({name.removeprefix("everfit."): value for name, value in run.tags.items()}, run.params, lineage):
            assert facts["matrix"] == where
            stated, peak = float(facts["memory_stated_mb"]), float(facts["memory_peak_mb"])
            assert peak > 0
            assert where == "in memory" or peak <= stated  # the first also pays for what XGBoost loads once
    spec = json.loads(registry.run_file(judged(story)[1].mlflow_run, "lineage/spec.json"))
    assert spec["train"]["memory"].endswith(".6 MB")
