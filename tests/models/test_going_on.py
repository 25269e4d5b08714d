"""A crash equals no crash: gone on from any checkpoint, the model is the one of an undisturbed run, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from everfit.errors import Corrupted, SpecError
from everfit.models import Kept, Round, Rows, Stop, Terms, Trained, Training
from everfit.models.state import State, pack, unpack
from everfit.models.xgb.rounds import CHUNK, Patience
from everfit.models.xgboost import XGBoost
from tests.models.test_xgboost import make, silent

AT = datetime(2013, 5, 1, 10, 42, 7, tzinfo=UTC)


class Died(BaseException):
    """What kill -9 is to the process, as far as the next try can tell."""


@dataclass
class Shelf:
    """Checkpoints in memory, every one kept."""

    states: dict[int, bytes] = field(default_factory=dict)

    def read(self) -> Iterator[Kept]:
        return iter([Kept(self.states[done], AT) for done in sorted(self.states, reverse=True)])

    def keep(self, done: int, state: Callable[[], bytes]) -> None:
        self.states[done] = state()


def dies_after(round_: int) -> Callable[[Round], None]:
    def tell(ended: Round) -> None:
        if ended.done == round_:
            raise Died

    return tell


def undisturbed(algorithm: XGBoost, data: Training) -> Trained:
    return algorithm.fit(data, Terms("cpu", 7, silent))


def interrupted(algorithm: XGBoost, data: Training, *deaths: int) -> tuple[Trained, list[str]]:
    shelf, said = Shelf(), []
    for death in deaths:
        with pytest.raises(Died):
            algorithm.fit(data, Terms("cpu", 7, silent, dies_after(death), shelf))
    return algorithm.fit(data, Terms("cpu", 7, said.append, checkpoints=shelf)), said


SAMPLED: Mapping[str, Any] = {"subsample": 0.6, "colsample_bytree": 0.7}
KINDS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "rows": {"subsample": 0.6},
    "columns": {"colsample_bytree": 0.7, "extra": {"colsample_bylevel": 0.7, "colsample_bynode": 0.7}},
    "gradients": {"subsample": 0.3, "extra": {"sampling_method": "gradient_based"}},
    "forests": {**SAMPLED, "extra": {"num_parallel_tree": 3, "colsample_bynode": 0.7}},
    "leaf by leaf": {**SAMPLED, "extra": {"grow_policy": "lossguide", "max_leaves": 9}},
    "dart": {**SAMPLED, "extra": {"booster": "dart", "rate_drop": 0.2, "skip_drop": 0.3}},
    "dart by weight": {
        **SAMPLED,
        "extra": {"booster": "dart", "rate_drop": 0.2, "sample_type": "weighted", "normalize_type": "forest"},
    },
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_gone_on_from_a_checkpoint_the_bytes_are_those_of_an_undisturbed_run(kind: str, task: str) -> None:
    algorithm, data = XGBoost(rounds=3 * CHUNK + 5, max_depth=4, **KINDS[kind]), make(task)
    whole = undisturbed(algorithm, data)
    found, said = interrupted(algorithm, data, CHUNK + 3, 2 * CHUNK + 1, 3 * CHUNK + 4)
    assert found.model == whole.model
    assert found.curves == whole.curves
    assert f"going on from round {3 * CHUNK} of {3 * CHUNK + 5} (the checkpoint of 10:42:07 UTC)" in said


@pytest.mark.parametrize("kind", ["columns", "dart"])
def test_a_warm_start_goes_on_as_it_would_have(kind: str) -> None:
    champion = undisturbed(XGBoost(rounds=7, **KINDS[kind]), make(seed=2))
    algorithm, data = XGBoost(rounds=2 * CHUNK + 5, **KINDS[kind]), replace(make(), base=champion.model)
    whole = undisturbed(algorithm, data)
    found, _ = interrupted(algorithm, data, CHUNK + 3, 2 * CHUNK + 1)
    assert (found.model, found.curves, found.rounds) == (whole.model, whole.curves, 7 + 2 * CHUNK + 5)
    assert len(found.curves["holdout_auc"]) == 2 * CHUNK + 5


def with_stop(patience: int = 10) -> Training:
    """A noisy label, so that it soon gets worse on rows that were not learnt from."""
    data = make()
    labels = data.train.labels.copy()
    flipped = np.random.default_rng(0).random(len(labels)) < 0.3
    labels[flipped] = 1 - labels[flipped]
    noisy = replace(data.train, labels=labels)
    newest = Stop(noisy.take(slice(1000, None)), patience)
    return replace(data, train=noisy.take(slice(1000)), stop=newest)


@pytest.mark.parametrize("kind", ["rows", "columns", "dart"])
def test_early_stopping_goes_on_as_it_would_have(kind: str) -> None:
    algorithm, data = XGBoost(rounds=400, learning_rate=0.03, **KINDS[kind]), with_stop(30)
    whole = undisturbed(algorithm, data)
    seen = len(whole.curves["stop_logloss"])
    assert CHUNK < whole.rounds == seen - 30 < 370
    found, _ = interrupted(algorithm, data, CHUNK + 2, whole.rounds + 1, seen - 1, seen)
    assert (found.model, found.rounds, found.curves) == (whole.model, whole.rounds, whole.curves)


@pytest.mark.parametrize("kind", ["plain", "columns", "dart"])
def test_the_best_round_is_kept_as_if_no_more_had_been_asked_for(kind: str) -> None:
    data = with_stop()
    stopped = undisturbed(XGBoost(rounds=400, **KINDS[kind]), data)
    asked = undisturbed(XGBoost(rounds=stopped.rounds, **KINDS[kind]), replace(data, stop=None))
    assert stopped.model == asked.model
    curve = stopped.curves["stop_logloss"]
    assert min(curve) == curve[stopped.rounds - 1]


def test_without_patience_lost_all_rounds_are_kept() -> None:
    stopped = undisturbed(XGBoost(rounds=12), with_stop(50))
    assert len(stopped.curves["stop_logloss"]) == 12
    assert stopped.rounds <= 12


@pytest.mark.parametrize(
    ("curve", "values", "best"),
    [
        ("stop_auc", [0.5, 0.7, 0.7], 2),
        ("stop_ndcg@5", [0.5, 0.7, 0.6], 2),
        ("stop_rmse", [5.0, 3.0, 4.0], 2),
        ("stop_mlogloss", [1.0, 0.9, 0.8], 3),
        ("stop_mape", [0.1, 0.9], 1),
        ("stop_aft-nloglik", [1.0, 0.5, 0.7], 2),
    ],
)
def test_the_best_round_is_the_first_of_the_best(curve: str, values: list[float], best: int) -> None:
    assert Patience(curve, 1).best({curve: values}) == best


CHANGES: Mapping[str, Callable[[XGBoost, Training], tuple[XGBoost, Training, int]]] = {
    "another seed": lambda algorithm, data: (algorithm, data, 8),
    "another parameter": lambda algorithm, data: (replace(algorithm, max_depth=5), data, 7),
    "other rows": lambda algorithm, data: (algorithm, replace(data, train=data.train.take(slice(1400))), 7),
    "other columns": lambda algorithm, data: (algorithm, replace(data, names=["y", "kind", "noise"]), 7),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_checkpoint_of_another_training_is_not_used_and_that_is_said(change: str) -> None:
    shelf, said = Shelf(), []
    first = XGBoost(rounds=CHUNK + 5, **SAMPLED)
    first.fit(make(), Terms("cpu", 7, silent, checkpoints=shelf))
    algorithm, data, seed = CHANGES[change](first, make())
    found = algorithm.fit(data, Terms("cpu", seed, said.append, checkpoints=Shelf(dict(shelf.states))))
    assert found.model == algorithm.fit(data, Terms("cpu", seed, silent)).model
    assert any("the checkpoint of 10:42:07 UTC is not used: it was made with other parameters" in line for line in said)


def test_more_rounds_of_the_same_go_on_and_fewer_do_not() -> None:
    shelf = Shelf()
    XGBoost(rounds=2 * CHUNK, **SAMPLED).fit(make(), Terms("cpu", 7, silent, checkpoints=shelf))
    for rounds in (3 * CHUNK, CHUNK + 1):
        algorithm = XGBoost(rounds=rounds, **SAMPLED)
        gone_on = algorithm.fit(make(), Terms("cpu", 7, silent, checkpoints=Shelf(dict(shelf.states))))
        assert gone_on.model == undisturbed(algorithm, make()).model


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_is_used(damage: str) -> None:
    shelf, said = Shelf(), []
    algorithm = XGBoost(rounds=2 * CHUNK + 1, **SAMPLED)
    whole = algorithm.fit(make(), Terms("cpu", 7, silent, checkpoints=shelf))
    good = shelf.states[2 * CHUNK]
    shelf.states[2 * CHUNK] = {
        "cut": good[:-100],
        "flipped": good[:-100] + bytes([good[-100] ^ 1]) + good[-99:],
        "empty": b"",
        "foreign": b"\x89PNG",
    }[damage]
    found = algorithm.fit(make(), Terms("cpu", 7, said.append, checkpoints=shelf))
    assert found.model == whole.model
    assert any("is not used: it" in line for line in said)
    assert any(f"going on from round {CHUNK} of" in line for line in said)


def test_a_state_comes_back_as_it_was() -> None:
    state = State(3, bytes(range(256)) + b"\n\n", {"train_auc": [0.1, 1 / 3, 1e-300]})
    assert unpack(pack(state, {"a": 1}), {"a": 1}) == state
    assert unpack(pack(state, {"a": 1}), {"a": 2}) is None
    with pytest.raises(Corrupted, match="not a checkpoint that this version of everfit wrote"):
        unpack(b"{}", {"a": 1})


@pytest.mark.parametrize("name", ["updater", "process_type", "seed_per_iteration"])
def test_what_would_take_the_chunks_out_of_our_hands_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"extra.{name}: everfit sets this itself"):
        XGBoost(extra={name: "refresh"})


def test_linear_boosters_are_refused() -> None:
    with pytest.raises(SpecError, match="XGBoost"):
        XGBoost(rounds=2, extra={"booster": "gblinear"}).fit(make(), Terms("cpu", 0, silent))


def test_the_holdout_decides_nothing_about_when_to_stop() -> None:
    data, algorithm = with_stop(), XGBoost(rounds=200, **SAMPLED)
    turned = Rows(data.holdout.matrix, 1 - data.holdout.labels)
    found, other = undisturbed(algorithm, data), undisturbed(algorithm, replace(data, holdout=turned))
    assert (found.model, found.rounds) == (other.model, other.rounds)
    assert found.curves["holdout_auc"] != other.curves["holdout_auc"]
