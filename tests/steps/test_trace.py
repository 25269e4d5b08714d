"""From a version back to its bytes and on from bytes to versions: real training, real MLflow, equal to brute force."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any, cast

import mlflow as mlflow_library
import pytest

from everfit.errors import UnknownName
from everfit.ledger import Ledger
from everfit.ledger.entries import (
    BatchAccepted,
    BatchRecalled,
    CandidateJudged,
    ModelRegistered,
    PointersPublished,
    Promoted,
    RolledBack,
    RunTriggered,
)
from everfit.ledger.trace import Role, named, trace, uses
from everfit.ports import Ports
from everfit.steps.environment import environment, environment_hash
from everfit.steps.trace import origin, where_used
from everfit.stores import LocalStore
from everfit.testing.fakes import TickingClock
from everfit.values import Batch, FileHash, ModelVersion, StoredFile
from tests.steps.judging import House, build

FILE = StoredFile("k", "s")
CODE = FileHash("features.py", "c0de", 1)


def batch(partition: str, sha256: str = "", version: int = 1) -> Batch:
    return Batch(partition, version, sha256 or f"sha-{partition}", 100, (), "")


class Story:
    """A ledger that is written by hand, one decision after the other."""

    def __init__(self, store: LocalStore, model: str = "toy") -> None:
        self.ledger, self.model, self.clock = Ledger(model, store, TickingClock()), model, 0

    def add(self, body: Any) -> int:
        self.clock += 1
        key = f"run:{body.run}" if isinstance(body, RunTriggered) else f"{type(body).__name__}:{self.clock}"
        return self.ledger.append(key, body).seq

    def accept(self, one: Batch, delivered: str = "") -> int:
        return self.add(BatchAccepted(one, one.sha256, "", delivered=delivered))

    def train(self, run: str, *batches: Batch, gap: int = 0, version: int | None = None) -> int | None:
        self.add(RunTriggered(run, "new data", "ada", "", "snap", batches, 1, (), forced=False, device="cpu", gap=gap))
        before = self.ledger.view().champion
        judged = self.add(CandidateJudged(run, f"m-{run}", "snap", (), before, version is not None, "", (), FILE, FILE))
        if version is not None:
            self.add(ModelRegistered(ModelVersion(self.model, version, f"m-{run}", (CODE,)), judged))
        return judged

    def promote(self, version: int) -> None:
        self.add(Promoted(version, self.ledger.view().champion, 1, 1, 0.0))


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(LocalStore(tmp_path / "store"))


def test_a_trace_names_every_batch_with_its_role_revision_and_what_became_of_it(story: Story) -> None:
    parts = [batch(f"2013-0{n}") for n in range(1, 5)]
    seqs = [story.accept(one) for one in parts]
    story.add(PointersPublished("rev1", seqs[1]))
    story.add(PointersPublished("rev2", seqs[2]))
    story.train("r1", *parts, gap=1, version=1)
    story.accept(batch("2013-01", "corrected", version=2))
    story.add(BatchRecalled("2013-02", (seqs[1],), (1,), "wrong clock", "ada"))
    found = trace(story.ledger.view(), "toy", 1)
    assert [(one.role, one.accepted, one.revision) for one in found.sources] == [
        (Role.LEARNT, seqs[0], "rev1"),
        (Role.LEARNT, seqs[1], "rev1"),
        (Role.APART, seqs[2], "rev2"),
        (Role.JUDGED, seqs[3], ""),
    ]
    assert [one.corrected for one in found.sources] == ["2013-01 v2", "", "", ""]
    assert [one.recalled for one in found.sources] == ["", "recalled in entry 11 by ada: wrong clock", "", ""]
    assert (found.touched, found.standing, found.code, found.rows) == (True, "registered", "c0de", 400)
    assert (found.why, found.by, found.run, found.mlflow_run) == ("new data", "ada", "r1", "m-r1")


def test_it_says_when_a_version_served(story: Story) -> None:
    story.accept(batch("2013-01"))
    for version in (1, 2):
        story.train(f"r{version}", batch("2013-01"), version=version)
        story.promote(version)
    story.add(RolledBack(1, 2, "worse", "ada"))
    view = story.ledger.view()
    first, second = (trace(view, "toy", version) for version in (1, 2))
    changes = [entry.at for entry in view.entries if isinstance(entry.body, Promoted | RolledBack)]
    assert [(one.since, one.until) for one in first.served] == [(changes[0], changes[1]), (changes[2], None)]
    assert [(one.since, one.until) for one in second.served] == [(changes[1], changes[2])]
    assert (first.standing, second.standing) == ("champion", "was champion")


@pytest.mark.parametrize(("word", "version"), [("champion", 1), ("challenger", 2), ("2", 2)])
def test_a_version_is_named_by_number_or_standing(story: Story, word: str, version: int) -> None:
    story.train("r1", batch("2013-01"), version=1)
    story.promote(1)
    story.train("r2", batch("2013-01"), version=2)
    view = story.ledger.view()
    assert named(view, "toy", word) == version
    with pytest.raises(UnknownName, match="no version of toy 'campion'; did you mean 'champion'"):
        named(view, "toy", "campion")
    with pytest.raises(UnknownName, match="no version of toy 'previous'"):
        named(view, "toy", "previous")
    with pytest.raises(UnknownName, match="no version of toy '9'"):
        trace(view, "toy", named(view, "toy", "9"))


def test_from_a_batch_every_version_is_found_like_by_brute_force(tmp_path: Path) -> None:
    """Six models on overlapping windows of corrected months, against a look at every trigger."""
    chance, store = Random(7), LocalStore(tmp_path / "store")
    months = [f"2013-{n:02}" for n in range(1, 13)]
    wanted: dict[str, set[tuple[str, int, Role]]] = {}
    for model in "abcdef":
        story = Story(store, f"toy_{model}")
        versions = [batch(month, f"{month}-{n}", n) for month in months for n in (1, 2)]
        for one in versions:
            story.accept(one)
        for number in range(1, 6):
            start = chance.randint(0, 6)
            used = [chance.choice([b for b in versions if b.partition == m]) for m in months[start : start + 5]]
            story.train(f"r{number}", *used, gap=1, version=number)
            for place, one in enumerate(used):
                role = Role.JUDGED if place == 4 else Role.APART if place == 3 else Role.LEARNT
                wanted.setdefault(one.sha256, set()).add((f"toy_{model}", number, role))
    ports = Ports(store, *[cast(Any, None)] * 4, TickingClock(), tmp_path)
    found = {
        one.source.sha256: {(use.model, use.version, use.role) for use in one.uses}
        for month in months
        for one in where_used(ports, "toy_c", month)
    }
    assert found == {f"{month}-{n}": wanted.get(f"{month}-{n}", set()) for month in months for n in (1, 2)}


def test_another_model_knows_the_delivery_also_if_one_of_them_withheld_rows(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    strict, lax = Story(store, "strict"), Story(store, "lax")
    strict.accept(batch("2013-01", "without-bad-rows"), delivered="as-delivered")
    strict.train("r", batch("2013-01", "without-bad-rows"), version=1)
    lax.accept(batch("2013-01", "as-delivered"))
    lax.train("kept", batch("2013-01", "as-delivered"))
    ports = Ports(store, *[cast(Any, None)] * 4, TickingClock(), tmp_path)
    for model in ("strict", "lax"):
        (one,) = where_used(ports, model, "2013-01")
        assert [(use.model, use.version, use.standing) for use in one.uses] == [
            ("lax", None, "kept back"),
            ("strict", 1, "challenger"),
        ]
    with pytest.raises(UnknownName, match="no accepted batch of lax '2013-11'; did you mean '2013-01'"):
        where_used(ports, "lax", "2013-11")


def test_a_run_that_nobody_judged_is_no_use(story: Story) -> None:
    story.add(RunTriggered("died", "w", "b", "", "s", (batch("2013-01"),), 1, (), forced=False, device="cpu"))
    assert uses(story.ledger.view(), "toy", {"sha-2013-01"}) == ()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, mlflow: Any) -> House:
    made = build(tmp_path_factory.mktemp("traced"), mlflow.url)
    made.accept(1, 2, 3)
    seq = max(seq for seq, _ in made.ledger.view().batches)
    made.ledger.append("published", PointersPublished("0123abcd" * 5, seq))
    made.trained("first").register()
    made.crown(1)
    return made


def test_the_origin_of_a_real_version(house: House) -> None:
    found = origin(house.ports, house.spec.name, "champion")
    made, here = found.made_with, environment(house.spec.folder)
    assert found.trace.standing == "champion"
    assert [one.role for one in found.trace.sources] == [Role.LEARNT, Role.LEARNT, Role.JUDGED]
    assert {one.revision for one in found.trace.sources} == {"0123abcd" * 5}
    assert (made.algorithm, made.seed, made.params["max_depth"]) == ("xgboost", 0, 3)
    assert (made.packages, made.environment) == (len(here.packages), environment_hash(here))
    assert made.libraries["python"] == here.python
    assert found.mlflow.endswith(found.trace.mlflow_run)


def test_mlflow_shows_the_lineage_of_run_and_version(house: House, mlflow: Any) -> None:
    client = mlflow_library.MlflowClient(mlflow.url)
    found = origin(house.ports, house.spec.name, "1").trace
    run = client.get_run(found.mlflow_run)
    version = client.get_model_version(house.spec.name, "1")
    batches = " ".join(f"{one.label}:{one.sha256}" for one in found.sources)
    for tags in (run.data.tags, version.tags):
        assert tags["everfit.batches"] == batches
        assert tags["everfit.pointers"] == "0123abcd" * 5
        assert tags["everfit.split"] == "2 learnt from, 1 judged on"
        assert tags["everfit.code"] == found.code
    assert run.data.tags["everfit.window"] == "the newest 3 batches"
    assert run.data.tags["everfit.seed"] == "0"
    assert run.data.tags["everfit.environment"] == environment_hash(environment(house.spec.folder))
    profiles = {data.tags[0].value: json.loads(data.dataset.profile) for data in run.inputs.dataset_inputs}
    assert [one["sha256"] for one in profiles["training"]["batches"]] == [one.sha256 for one in found.sources[:2]]
    assert [one["sha256"] for one in profiles["holdout"]["batches"]] == [found.sources[2].sha256]


def test_without_the_runs_files_the_rest_is_still_told(house: House, mlflow: Any) -> None:
    """The environment is no part of the model; MLflow's clean-up may take it."""

    class Forgetful(type(house.ports.registry)):  # type: ignore[misc]
        def run_file(self, mlflow_run: str, name: str) -> bytes:
            return super().run_file(mlflow_run, "lineage/gone.json")

    registry = Forgetful(mlflow.url, house.root / "forgetful")
    ports = Ports(**{**vars(house.ports), "registry": registry})
    found = origin(ports, house.spec.name, "1")
    assert (found.made_with.environment, found.made_with.packages) == ("", 0)
    assert found.made_with.seed == 0
