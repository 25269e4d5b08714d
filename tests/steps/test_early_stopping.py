"""How many rounds is found on the newest training batches, learnt again on all of them, and never asks the holdout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from everfit.errors import NotEnoughData
from everfit.models import Rows, Terms, Training
from everfit.models.xgboost import XGBoost
from everfit.ports import Ports
from everfit.spec.training import EarlyStoppingSpec
from everfit.steps.course import Course, going_on
from everfit.steps.early_stopping import fit_stopping, newest
from everfit.values import Batch
from tests.models.test_going_on import with_stop
from tests.models.test_xgboost import silent
from tests.workshop import open_workshop

EARLY = EarlyStoppingSpec(rounds=10)
ALGORITHM = XGBoost(rounds=300, subsample=0.7)


def months(count: int) -> list[Batch]:
    return [Batch(f"2013-{number:02d}", 1, str(number), 1, (), "") for number in range(1, count + 1)]


@pytest.fixture
def parts() -> tuple[Training, tuple[Rows, Rows]]:
    data = with_stop()
    assert data.stop is not None
    both = (data.train, data.stop.part)
    return replace(data, train=Rows.join(both), stop=None), both


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return open_workshop(tmp_path, ()).ports


def test_the_newest_batches_are_watched_and_the_others_learnt_from() -> None:
    older, watched = newest(months(5), EarlyStoppingSpec(batches=2))
    assert [batch.partition for batch in watched] == ["2013-04", "2013-05"]
    assert [batch.partition for batch in older] == ["2013-01", "2013-02", "2013-03"]
    with pytest.raises(NotEnoughData, match="watches the newest 2 of the 2 training batches, so that none is left"):
        newest(months(2), EarlyStoppingSpec(batches=2))


def test_the_model_is_the_one_that_so_many_rounds_on_everything_make(parts: tuple[Training, tuple[Rows, Rows]]) -> None:
    data, both = parts
    trained = fit_stopping(ALGORITHM, data, both, EARLY, Terms("cpu", 3, silent), Course())
    assert trained.rounds < 300
    assert len(trained.curves["stop_logloss"]) == trained.rounds + 10
    assert len(trained.curves["holdout_logloss"]) == trained.rounds
    asked = replace(ALGORITHM, rounds=trained.rounds).fit(data, Terms("cpu", 3, silent))
    assert trained.model == asked.model
    assert f"{trained.rounds} rounds were best on the newest 1 training batches" in trained.facts["early_stopping"]


def test_without_refit_the_watched_batches_are_not_learnt_from(parts: tuple[Training, tuple[Rows, Rows]]) -> None:
    data, both = parts
    early = EarlyStoppingSpec(rounds=10, refit=False)
    trained = fit_stopping(ALGORITHM, data, both, early, Terms("cpu", 3, silent), Course())
    asked = replace(ALGORITHM, rounds=trained.rounds).fit(replace(data, train=both[0]), Terms("cpu", 3, silent))
    assert trained.model == asked.model


def test_turning_the_labels_of_the_holdout_changes_nothing(parts: tuple[Training, tuple[Rows, Rows]]) -> None:
    data, both = parts
    turned = replace(data, holdout=replace(data.holdout, labels=np.float32(1) - data.holdout.labels))
    found, other = (
        fit_stopping(ALGORITHM, one, both, EARLY, Terms("cpu", 3, silent), Course()) for one in (data, turned)
    )
    assert (found.model, found.rounds) == (other.model, other.rounds)
    assert found.curves["holdout_logloss"] != other.curves["holdout_logloss"]


def test_what_was_found_is_not_looked_for_again(ports: Ports, parts: tuple[Training, tuple[Rows, Rows]]) -> None:
    data, both = parts
    models = []
    for _ in range(2):
        said: list[str] = []
        with going_on(ports, "checkpoints/m/run", "f" * 64, said.append, lambda key, done: None) as course:
            models.append(fit_stopping(ALGORITHM, data, both, EARLY, Terms("cpu", 3, said.append), course))
    assert models[0].model == models[1].model
    assert models[0].facts == models[1].facts
    assert {name: list(curve) for name, curve in models[1].curves.items()} == {
        name: list(curve) for name, curve in models[0].curves.items()
    }
    assert not any("best after" in line for line in said)
    with going_on(ports, "checkpoints/m/run", "f" * 64, said.append, lambda key, done: None) as course:
        fit_stopping(ALGORITHM, data, both, EarlyStoppingSpec(rounds=5), Terms("cpu", 3, said.append), course)
    assert any("best after" in line for line in said), "another patience is another search"
