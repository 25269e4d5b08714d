"""The champion is looked at in production: from the log of predictions, or batch by batch."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from everfit.ledger import View
from everfit.ledger.entries import Monitored
from everfit.predictions import Label, Prediction, keep_labels, pack
from everfit.predictions.prediction import id_of
from everfit.predictor import Predictor, answer
from everfit.spec import MonitorSpec
from everfit.steps.monitor import monitor
from everfit.steps.monitored import gather, level
from everfit.steps.rows import batch_rows
from everfit.steps.sample import as_sent
from tests.services import Service
from tests.steps.judging import House, build

BEGIN = datetime(2013, 5, 10, tzinfo=UTC)


def predictor_of(house: House) -> Predictor:
    made = house.ledger.view().versions[1]
    return Predictor.load(house.ports.registry.model_files(made.mlflow_run, made.files))


@pytest.fixture(scope="module")
def champion(mlflow: Service, tmp_path_factory: pytest.TempPathFactory) -> House:
    house = build(tmp_path_factory.mktemp("trips"), mlflow.url)
    house.accept(1, 2, 3)
    house.crown(house.trained("one").register().version)
    house.accept(4)
    return house


def watching(house: House, **said: Any) -> House:
    return replace(house, spec=house.spec.model_copy(update={"monitor": MonitorSpec(**said)}))


@pytest.fixture
def of_batches(champion: House) -> House:
    return watching(champion, of="batches")


def test_batches_after_its_own_are_scored_and_looked_at(of_batches: House):
    found = gather(of_batches.ports, of_batches.spec, of_batches.ledger.view(), 1, predictor_of(of_batches))
    seen = found.seen
    assert seen.reference.rows == 532  # March, less the rows without a label
    assert seen.reference.labelled.all()
    assert (seen.window.rows, int(seen.window.labelled.sum())) == (560, 532)
    assert [column.name for column in seen.window.columns] == ["carrier", "distance"]  # the time is no input to watch
    assert seen.window.columns[0].categories == seen.reference.columns[0].categories == ("AA", "UA", "WN")
    assert (seen.born.month, seen.now.month) == (3, 4)
    assert seen.window.losses[seen.window.labelled].mean() == pytest.approx(0.56, abs=0.01)
    assert seen.leans["carrier"] > 0.01
    assert seen.pulled.names == ("distance", "carrier", "hour", "late")
    assert seen.pulled.reference.shape == (500, 4)


def asked(house: House) -> list[Prediction]:
    """April's rows, asked in requests of ten on the day after the newest label; written to the log as a server does."""
    predictor = predictor_of(house)
    (april,) = [batch for _, batch in house.ledger.view().batches if batch.partition == "2013-04"]
    raw = batch_rows(house.ports, house.spec, predictor.code, april)
    sent = as_sent(predictor.card.inputs.read(raw))
    made = []
    for begin in range(0, len(sent), 10):
        rows, at = sent[begin : begin + 10], BEGIN + timedelta(minutes=begin)
        given = answer(predictor.guard, rows, predictor.answers_to)
        id_ = id_of(at, begin.to_bytes(8))
        made.append(
            Prediction(
                id_, at, house.spec.name, 1, "champion", rows, given.predictions, seconds=0.01, flags=given.flags
            )
        )
    house.ports.store.create(*pack(made))
    labels = [
        Label(made[place // 10].id, None if np.isnan(value) else value, place % 10)
        for place, value in enumerate(raw["late"].tolist())
    ]
    keep_labels(house.ports.store, house.spec.name, labels[:300], BEGIN + timedelta(days=2))
    keep_labels(house.ports.store, house.spec.name, labels[250:], BEGIN + timedelta(days=9))
    return made


def test_what_callers_asked_is_looked_at_as_batches_are(champion: House, of_batches: House):
    made = asked(champion)
    view, predictor = champion.ledger.view(), predictor_of(champion)
    told = gather(champion.ports, champion.spec, view, 1, predictor).seen
    known = gather(of_batches.ports, of_batches.spec, view, 1, predictor).seen
    assert told.window.rows == known.window.rows == 560
    for name in ("day", "scores", "y", "losses"):
        ours, theirs = getattr(told.window, name), getattr(known.window, name)
        np.testing.assert_allclose(np.sort(ours), np.sort(theirs), rtol=1e-12, err_msg=name)
    heard = told.window.heard[np.isfinite(told.window.heard)] - BEGIN.timestamp()
    assert sorted(set(heard / 86400)) == [2, 9]
    assert int((heard == 2 * 86400).sum()) == 285  # 300, less those without a label; told again, they keep their day
    np.testing.assert_allclose(told.again, told.window.scores, rtol=1e-6)
    assert (len(told.calls.at), int(told.calls.failed.sum())) == (len(made), 0)


def test_labels_that_come_later_make_another_look(champion: House):
    made = asked(champion)
    first = monitor(champion.ports, champion.spec, print)
    assert first.body.labelled == 532
    keep_labels(champion.ports.store, champion.spec.name, [Label(made[0].id, 1.0, 0)], BEGIN + timedelta(days=20))
    second = monitor(champion.ports, champion.spec, print)
    assert (second.seq, second.body.labelled) == (first.seq + 1, 533)


def test_a_year_has_so_many_false_alarms_to_give_away(of_batches: House):
    asked, nothing = of_batches.spec.monitor, View(())
    share = 28 / 365 / len(asked.monitors)  # the whole window is new
    assert level(asked, nothing, BEGIN, BEGIN - timedelta(days=365)) == pytest.approx(share)
    assert level(asked, nothing, BEGIN, BEGIN - timedelta(days=7)) == pytest.approx(share / 4)  # nobody asked before
    monitor(of_batches.ports, of_batches.spec, print)
    view = of_batches.ledger.view()
    newest = max(entry.body.until for entry in view.of(Monitored))
    assert level(asked, view, newest + timedelta(days=7), BEGIN) == pytest.approx(share / 4)
    assert level(asked, view, newest + timedelta(days=70), BEGIN) == pytest.approx(share)
    assert level(asked, view, newest, BEGIN) == 1e-6


def test_a_season_is_as_much_earlier_as_the_spec_says(champion: House):
    house = watching(champion, of="batches", season="59d")
    found = gather(house.ports, house.spec, house.ledger.view(), 1, predictor_of(house)).seen
    assert found.window.rows == 560
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (found.season.at.min(), found.season.at.max()))
    assert datetime(2013, 2, 1, tzinfo=UTC) <= begin < end < datetime(2013, 3, 1, tzinfo=UTC)
    assert not np.isfinite(found.season.scores).any()
    nothing = watching(champion, of="batches", season="365d")
    assert gather(nothing.ports, nothing.spec, house.ledger.view(), 1, predictor_of(house)).seen.season is None


def test_a_look_is_written_down_once(of_batches: House):
    first = monitor(of_batches.ports, of_batches.spec, print)
    said: list[str] = []
    assert monitor(of_batches.ports, of_batches.spec, said.append) == first
    assert said == [f"nothing is new since entry {first.seq}"]
    assert (first.body.version, first.body.rows, first.body.labelled) == (1, 560, 532)
    assert {signal.monitor for signal in first.body.signals} >= {"staleness"}
    assert of_batches.ports.store.local_file(first.body.evidence).is_file()
