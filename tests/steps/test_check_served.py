"""Logged requests are answered again with the version in the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from everfit.predictions import Prediction, pack
from everfit.predictions.prediction import id_of
from everfit.predictor import Predictor, answer
from everfit.steps.check_served import ServedCheck, check_served
from everfit.steps.rows import batch_rows
from everfit.steps.sample import as_sent
from tests.services import Service
from tests.steps.judging import House, build

BEGIN = datetime(2013, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def champion(mlflow: Service, tmp_path_factory: pytest.TempPathFactory) -> House:
    house = build(tmp_path_factory.mktemp("trips"), mlflow.url)
    house.accept(1, 2, 3)
    house.crown(house.trained("one").register().version)
    return house


@pytest.fixture
def house(champion: House, tmp_path: Path) -> House:
    """The champion, and nothing logged."""
    for key in champion.ports.store.list(f"predictions/{champion.spec.name}"):
        champion.ports.store.delete(key)
    return champion


def model(house: House) -> tuple[Predictor, list[dict[str, Any]]]:
    made = house.ledger.view().versions[1]
    predictor = Predictor.load(house.ports.registry.model_files(made.mlflow_run, made.files))
    (batch, *_) = [batch for _, batch in house.ledger.view().batches]
    return predictor, as_sent(predictor.card.inputs.read(batch_rows(house.ports, house.spec, predictor.code, batch)))


def log(house: House, predictor: Predictor, asked: Sequence[Any], minute: int = 0, **other: Any) -> Prediction:
    """What the server logs when it has answered these rows, or something `other`."""
    made, at = answer(predictor.guard, asked, predictor.answers_to), BEGIN + timedelta(minutes=minute)
    said = {"rows": asked, "scores": made.predictions, "flags": made.flags} | other
    logged = Prediction(id_of(at, bytes([minute] * 8)), at, house.spec.name, 1, "champion", **said)
    house.ports.store.create(*pack([logged]))
    return logged


def test_what_the_server_said_is_said_again_bit_for_bit(house: House):
    predictor, rows = model(house)
    log(house, predictor, [*rows[:50], {**rows[0], "distance": 1e6}, {**rows[1], "carrier": "ZZ"}])
    found = check_served(house.ports, house.spec.name)
    assert found == ServedCheck(house.spec.name, 1, 52, 52)
    assert found.alike
    assert "52 bit for bit" in found.words
    assert check_served(house.ports, house.spec.name) == found


def test_another_answer_is_found_and_named(house: House):
    predictor, rows = model(house)
    log(house, predictor, rows[:10])
    scores = predictor.answers_to([predictor.guard.look(row).row for row in rows[:2]])
    wrong = log(house, predictor, rows[:2], 1, scores=[scores[0] + 1e-9, scores[1] + 0.125])
    found = check_served(house.ports, house.spec.name)
    assert (found.rows, found.equal, found.different, found.where) == (12, 10, 1, wrong.id)
    assert found.largest == pytest.approx(0.125)
    assert not found.alike
    assert f"1 of 12 rows that version 1 of {house.spec.name} answered are answered otherwise offline" in found.words


def test_the_newest_rows_are_taken(house: House):
    predictor, rows = model(house)
    log(house, predictor, rows[:10], scores=[0.5] * 10)
    log(house, predictor, rows[:10], 1)
    assert check_served(house.ports, house.spec.name, rows=10).equal == 10
    assert check_served(house.ports, house.spec.name, rows=11).different == 1


def test_rows_that_somebody_else_answered_are_left_out(house: House):
    predictor, rows = model(house)
    flags = [("out_of_range:distance", "answered_by:7"), ("low_confidence", "abstained"), ()]
    own = answer(predictor.guard, rows[2:3], predictor.answers_to).predictions
    log(house, predictor, rows[:3], scores=[0.5, None, *own], flags=flags)
    assert check_served(house.ports, house.spec.name) == ServedCheck(house.spec.name, 1, 1, 1)


def test_a_row_that_the_version_would_refuse_was_answered_by_something_else(house: House):
    predictor, rows = model(house)
    log(house, predictor, rows[:1], scores=[0.5], rows=[{**rows[0], "distance": "far"}])
    assert check_served(house.ports, house.spec.name).largest == float("inf")


def test_without_champion_or_log_there_is_nothing_to_compare(house: House):
    assert check_served(house.ports, house.spec.name) == ServedCheck(house.spec.name, 1)
    assert "--keep-predictions" in check_served(house.ports, house.spec.name).words
    nobody = check_served(house.ports, "nobody")
    assert (nobody.version, nobody.alike, nobody.words) == (None, True, "nobody has no champion yet")


def test_the_folder_says_what_training_rows_held_and_what_was_declared(house: House):
    predictor, _ = model(house)
    ranges = predictor.guard.ranges
    assert ranges is not None
    assert [(one.name, one.known) for one in ranges.inputs if one.kind == "text"] == [("carrier", ("AA", "UA", "WN"))]
    training = [batch for _, batch in house.ledger.view().batches][:2]
    frames = [batch_rows(house.ports, house.spec, predictor.code, batch) for batch in training]
    labelled = [frame[frame["late"].notna()] for frame in frames]
    assert ranges.rows == sum(map(len, labelled))
    distance = ranges.inputs[1]
    assert distance.low == min(frame["distance"].min() for frame in labelled)
    assert distance.high == max(frame["distance"].max() for frame in labelled)
    assert predictor.guard.policy.actions["out_of_range"] == house.spec.answers.out_of_range


def test_only_the_batches_that_are_learnt_from_count(house: House):
    spec = house.spec.model_copy(update={"train": house.spec.train.model_copy(update={"batches": 1})})
    made = replace(house, spec=spec).trained("newest only").candidate
    guard = Predictor.load(house.ports.registry.model_files(made.mlflow_run, made.files)).guard
    frame = batch_rows(house.ports, spec, model(house)[0].code, [batch for _, batch in house.ledger.view().batches][1])
    assert guard.ranges is not None
    assert guard.ranges.rows == frame["late"].notna().sum()
