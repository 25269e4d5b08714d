"""A search on real flights: trials on the training months, one choice, and a candidate trained with it."""

import json
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import mlflow
import pytest

from everfit.cost import Prices
from everfit.errors import NotEnoughData, SpecError, TrainingFailed
from everfit.ledger.entries import RunTriggered
from everfit.models import Round
from everfit.registry import MlflowRegistry
from everfit.spec.training import TrainSpec
from everfit.steps.build_features import build_features
from everfit.steps.choose import choose, chosen, study_of
from everfit.steps.rounds import Best
from everfit.steps.search import search, trial_snapshot
from everfit.steps.study import searched
from everfit.steps.train import train
from everfit.values import Features, Snapshot
from tests.services import Service, mlflow_server
from tests.workshop import Workshop, open_workshop
from tools.land_flights import land

MONTHS = ("2013-01", "2013-02", "2013-03", "2013-04")
SEARCH = {
    "budget": {"trials": 10},
    "space": {"max_depth": {"between": [2, 7]}, "learning_rate": {"between": [0.02, 0.3], "log": True}},
    "batches": [1, 3],
    "half_life": {"between": [10.0, 300.0], "log": True},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as service:
        yield service


@pytest.fixture(scope="module")
def workshop(server: Service, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    root = tmp_path_factory.mktemp("workshop")
    landed: Sequence[Path] = land(tmp_path_factory.mktemp("landing"), MONTHS, 0.02)
    made = open_workshop(root, landed, registry=MlflowRegistry(server.url, root / "models"))
    params = {"rounds": 40, "min_child_weight": 20}
    return made.with_spec(
        train=TrainSpec.model_validate({"seed": 3, "device": "cpu", "params": params, "search": SEARCH})
    )


@pytest.fixture(scope="module")
def snapshot(workshop: Workshop) -> Snapshot:
    return workshop.snapshot(*MONTHS)


@pytest.fixture(scope="module")
def features(workshop: Workshop, snapshot: Snapshot) -> Features:
    return build_features(workshop.ports, workshop.spec, snapshot)


def triggered(workshop: Workshop, snapshot: Snapshot, run: str) -> RunTriggered:
    made = RunTriggered(run, "test", "me", "", snapshot.id, snapshot.batches, snapshot.holdout, (), True, "cpu")
    workshop.ledger.append(f"run:{run}", made)
    return made


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def first(workshop: Workshop, snapshot: Snapshot, features: Features, said: list[str]) -> str:
    run = triggered(workshop, snapshot, "first")
    assert search(workshop.ports, workshop.spec, snapshot, features, run, 0, said.append) == 10
    choose(workshop.ports, workshop.spec, "first")
    return "first"


def test_trials_never_see_the_holdout(workshop: Workshop, snapshot: Snapshot) -> None:
    inner = trial_snapshot(workshop.spec, snapshot)
    assert [batch.partition for batch in inner.training] == ["2013-01", "2013-02"]
    assert [batch.partition for batch in inner.held_out] == ["2013-03"]
    with pytest.raises(
        NotEnoughData, match=r"found 2 training batches, wanted 3 or more to search: .*, 1 between them"
    ):
        trial_snapshot(workshop.spec, replace(snapshot, gap=1))


def test_too_few_batches_are_refused_with_what_is_wanted(workshop: Workshop) -> None:
    with pytest.raises(NotEnoughData, match="found 1 training batches, wanted 2 or more to search"):
        trial_snapshot(workshop.spec, workshop.snapshot("2013-01", "2013-02"))


def test_each_trial_is_told_in_a_line(first: str, said: list[str]) -> None:
    assert first
    assert len(said) == 10
    assert said[0].startswith("trial 1 of 10: logloss 0.")
    assert "; max_depth 6, learning_rate 0.1, batches 3" in said[0]  # the spec's own parameters come first
    assert all("best so far 0." in line for line in said)


def test_the_best_trial_is_chosen_once(workshop: Workshop, first: str) -> None:
    found = chosen(workshop.ports, workshop.spec.name, first)
    assert found is not None
    study = study_of(workshop.ports, workshop.spec, first)
    assert study.best is not None
    assert (
        found.value
        == study.best.value
        == min(one.value for one in study.trials if one.state == "finished" and one.value is not None)
    )
    assert set(found.params) == {*("max_depth", "learning_rate", "train.batches", "train.half_life", "rounds")}
    assert 1 <= int(str(found.params["rounds"])) <= 40
    assert found == choose(workshop.ports, workshop.spec, first)
    assert found.trials == 10


def test_the_candidate_is_trained_with_what_was_chosen_by_the_same_code(
    workshop: Workshop, snapshot: Snapshot, features: Features, first: str, server: Service
) -> None:
    found = chosen(workshop.ports, workshop.spec.name, first)
    assert found is not None
    candidate = train(workshop.ports, workshop.spec, snapshot, features, first, "cpu", print)
    plain = workshop.with_spec(train=workshop.spec.train.chosen(found.params))
    by_hand = train(plain.ports, plain.spec, snapshot, features, "by-hand", "cpu", print)
    model = {file.name: file.sha256 for file in candidate.files}["model.ubj"]
    assert model == {file.name: file.sha256 for file in by_hand.files}["model.ubj"]
    run = mlflow.MlflowClient(server.url).get_run(candidate.mlflow_run)
    assert run.data.params["max_depth"] == str(found.params["max_depth"])
    assert run.data.params["search.trials"] == "10"
    assert run.data.metrics["search_logloss"] == pytest.approx(found.value)
    trials = json.loads(workshop.ports.registry.run_file(candidate.mlflow_run, "study/trials.json"))
    assert len(trials["trials"]) == 10
    assert workshop.ports.registry.run_file(candidate.mlflow_run, "study/study.png").startswith(b"\x89PNG")


def test_a_later_search_begins_with_what_earlier_ones_chose(
    workshop: Workshop, snapshot: Snapshot, features: Features, first: str
) -> None:
    before = chosen(workshop.ports, workshop.spec.name, first)
    assert before is not None
    run = triggered(workshop, snapshot, "second")
    search(workshop.ports, workshop.spec, snapshot, features, run, 0, print)
    trials = study_of(workshop.ports, workshop.spec, "second").trials
    assert trials[1].params == {name: value for name, value in before.params.items() if name != "rounds"}


def test_seconds_end_a_search_and_cut_short_the_trial_under_way(
    workshop: Workshop, snapshot: Snapshot, features: Features
) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]

    def clock() -> datetime:
        now[0] += timedelta(seconds=1)
        return now[0]

    settings = {**SEARCH, "budget": {"trials": 1000, "seconds": 60}}
    hurried = workshop.with_spec(train=TrainSpec.model_validate({"device": "cpu", "search": settings}))
    ports = replace(workshop.ports, clock=clock)
    run = triggered(workshop, snapshot, "hurried")
    made = search(ports, hurried.spec, snapshot, features, run, 0, print)
    assert 1 <= made < 60
    assert search(ports, hurried.spec, snapshot, features, run, 1, print) == 0
    assert choose(ports, hurried.spec, "hurried").trials == made


def test_money_ends_a_search(workshop: Workshop, snapshot: Snapshot, features: Features) -> None:
    """A CPU hour at a fortune: a few tenths of a second are what the budget buys."""
    settings = {**SEARCH, "budget": {"trials": 1000, "money": 3.0}}
    thrifty = workshop.with_spec(train=TrainSpec.model_validate({"device": "cpu", "search": settings}))
    run = triggered(workshop, snapshot, "thrifty")
    dear = Prices("EUR", cpu_core=3600.0)
    made = search(thrifty.ports, thrifty.spec, snapshot, features, run, 0, print, dear)
    trials = study_of(thrifty.ports, thrifty.spec, "thrifty").trials
    spent = [one.extra["cost"] for one in trials]
    assert 1 <= made == len(trials) < 1000
    assert sum(spent[:-1]) < 3.0 <= sum(spent) < 3.0 + 3 * max(spent)
    assert search(thrifty.ports, thrifty.spec, snapshot, features, run, 1, print, dear) == 0
    with pytest.raises(SpecError, match=r"budget\.money is 3, and nobody has said what anything costs"):
        search(thrifty.ports, thrifty.spec, snapshot, features, run, 0, print)


def test_the_page_of_the_verdict_shows_the_search(workshop: Workshop, first: str) -> None:
    found = searched(workshop.ports, workshop.spec, first)
    assert found is not None
    assert found.words.startswith("10 trials on the training batches, ")
    assert set(found.params) == {"max_depth", "learning_rate", "batches", "half_life", "rounds"}
    assert found.picture.startswith(b"\x89PNG")
    assert searched(workshop.ports, workshop.spec, "none") is None


def test_a_candidate_whose_search_was_not_made_is_refused(
    workshop: Workshop, snapshot: Snapshot, features: Features
) -> None:
    with pytest.raises(SpecError, match=r"asks for a search \(train.search\), and that of run 'none' was not ended"):
        train(workshop.ports, workshop.spec, snapshot, features, "none", "cpu", print)
    with pytest.raises(SpecError, match="no trial of run 'none' was finished"):
        choose(workshop.ports, workshop.spec, "none")


def test_the_best_round_goes_by_a_loss_if_there_is_one() -> None:
    best = Best()
    for done, (auc, loss) in enumerate([(0.6, 0.7), (0.9, 0.5), (0.95, 0.6)], start=1):
        best(Round(done, 3, {"train_auc": 1.0, "holdout_auc": auc, "holdout_logloss": loss}))
    assert (best.metric, best.round, best.value) == ("logloss", 2, 0.5)
    ranked = Best()
    for done, ndcg in enumerate([0.2, 0.8, math.nan, 0.7], start=1):
        ranked(Round(done, 4, {"holdout_ndcg": ndcg}))
    assert (ranked.metric, ranked.round, ranked.value) == ("ndcg", 2, -0.8)


FLAT = """
import numpy as np

def flat(predictions, labels):
    usual = 1 / (1 + np.exp(-np.clip(predictions, -9, 9))) - labels
    gradient = np.where(abs(predictions) > 1e6, np.where(predictions < -1e30, -1e33, 1e33), usual)
    return gradient, np.full_like(gradient, 1e-8)  # only reg_lambda is between a leaf and infinity
"""


def flat(workshop: Workshop, folder: Path, space: dict[str, object], **params: object) -> Workshop:
    """The model in a folder of its own, trained with the team's own function."""
    shutil.copytree(workshop.spec.folder, folder)
    (folder / "objectives.py").write_text(FLAT)
    settings = {"rounds": 20, "min_child_weight": 0, "objective": "flat", **params}
    asked = {"seed": 1, "device": "cpu", "params": settings, "search": {"budget": {"trials": 6}, "space": space}}
    return workshop.with_spec(folder=folder, train=TrainSpec.model_validate(asked))


def test_a_trial_whose_numbers_go_wrong_ends_alone_and_the_search_goes_on(
    workshop: Workshop, snapshot: Snapshot, tmp_path: Path
) -> None:
    space = {"reg_lambda": {"one_of": [0.0, 20.0]}}
    risky, said = flat(workshop, tmp_path / "model", space, reg_lambda=0.0), list[str]()
    features = build_features(risky.ports, risky.spec, snapshot)
    run = triggered(risky, snapshot, "risky")
    assert search(risky.ports, risky.spec, snapshot, features, run, 0, said.append) == 6
    trials = study_of(risky.ports, risky.spec, "risky").trials
    assert {one.state for one in trials if one.params["reg_lambda"] == 0} == {"failed"}
    assert {one.state for one in trials if one.params["reg_lambda"]} <= {"finished", "pruned"}
    assert said[0].startswith("trial 1 of 6: failed (training stopped: train_")
    assert "train_logloss is nan in round" in said[0]
    assert said[0].endswith("none done yet; reg_lambda 0")
    found = choose(risky.ports, risky.spec, "risky")
    assert found.params["reg_lambda"] == 20
    made = train(risky.ports, risky.spec, snapshot, features, "risky", "cpu", print)
    table = json.loads(workshop.ports.registry.run_file(made.mlflow_run, "study/trials.json"))["trials"]
    assert [one["state"] for one in table] == [one.state for one in trials]
    assert "train_" in table[0]["why"]


def test_a_search_that_only_fails_says_why_and_its_training_would_fail_too(
    workshop: Workshop, snapshot: Snapshot, tmp_path: Path
) -> None:
    hopeless = flat(workshop, tmp_path / "model", {"max_depth": {"one_of": [2, 3]}}, reg_lambda=0.0)
    features = build_features(hopeless.ports, hopeless.spec, snapshot)
    run = triggered(hopeless, snapshot, "hopeless")
    search(hopeless.ports, hopeless.spec, snapshot, features, run, 0, print)
    with pytest.raises(TrainingFailed, match=r"no trial of run 'hopeless' was finished, and 6 of 6 failed, .*train_"):
        choose(hopeless.ports, hopeless.spec, "hopeless")
    alone = hopeless.with_spec(train=hopeless.spec.train.model_copy(update={"search": None}))
    with pytest.raises(TrainingFailed, match=r"training stopped: train_"):
        train(alone.ports, alone.spec, snapshot, features, "alone", "cpu", print)


def test_a_trial_that_learns_nothing_is_never_chosen(
    workshop: Workshop, snapshot: Snapshot, features: Features
) -> None:
    settings = {"budget": {"trials": 4}, "space": {"min_child_weight": {"one_of": [20.0, 1e9]}}}
    params = {"rounds": 10, "min_child_weight": 1e9}
    stiff = workshop.with_spec(train=TrainSpec.model_validate({"device": "cpu", "params": params, "search": settings}))
    run = triggered(stiff, snapshot, "stiff")
    search(stiff.ports, stiff.spec, snapshot, features, run, 0, print)
    first = study_of(stiff.ports, stiff.spec, "stiff").trials[0]
    assert first.params == {"min_child_weight": 1e9}
    assert "answers each of" in first.why
    assert "no tree could be split" in first.why
    assert choose(stiff.ports, stiff.spec, "stiff").params["min_child_weight"] == 20
