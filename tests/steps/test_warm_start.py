"""Candidates that go on from the champion: what they learnt from, how they are judged, made again and recalled."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import xgboost
from pydantic import ValidationError

from everfit.ledger.entries import BatchRecalled, RunTriggered
from everfit.predictor import Card
from everfit.spec.training import TrainSpec, WarmStartSpec
from everfit.steps.base import learnt
from everfit.steps.reproduce import lineage_of, reproduce
from tests.services import Service
from tests.steps.judging import CODE, House, build


@pytest.fixture
def house(mlflow: Service, tmp_path: Path) -> House:
    """Version 1 learnt from January and February, and serves; March is in, April too."""
    made = build(tmp_path, mlflow.url, gates=["answers_sanely", {"above_bar": {"metric": "log_loss", "at_most": 9}}])
    made.accept(1, 2, 3)
    made.trained("one").register()
    made.crown(1)
    made.accept(4)
    return warm(made)


def warm(house: House, generations: int = 8) -> House:
    start = WarmStartSpec(rounds=7, generations=generations)
    train = house.spec.train.model_copy(update={"warm_start": start})
    return replace(house, spec=house.spec.model_copy(update={"train": train}))


def bases(house: House) -> Sequence[int | None]:
    return [entry.body.base for entry in house.ledger.view().of(RunTriggered)]


def rounds(house: House, version: int) -> int:
    made = house.ledger.view().versions[version]
    folder = house.ports.registry.model_files(made.mlflow_run, made.files)
    return int(xgboost.Booster(model_file=folder / "model.ubj").num_boosted_rounds())


def test_the_candidate_has_the_champions_rounds_and_a_few_more(house: House) -> None:
    house.trained("two").register()
    assert bases(house) == [None, 1]
    assert (rounds(house, 1), rounds(house, 2)) == (20, 27)
    assert house.ports.registry.run_tags(house.ledger.view().versions[2].mlflow_run)["everfit.base"] == "1"
    assert learnt(house.ledger.view(), house.spec, 2) == {"2013-01", "2013-02", "2013-03"}


def test_it_is_made_again_byte_for_byte(house: House, tmp_path: Path) -> None:
    house.trained("two").register()
    made = reproduce(house.ports, lineage_of(house.ports, house.spec.name, 2), tmp_path / "again", print)
    assert made.equal


def test_a_champion_that_knows_the_holdout_is_not_gone_on_from(house: House) -> None:
    house.trained("two").register()
    house.crown(2)
    house.trained("back", until="2013-03").register()  # holds out March, which version 2 learnt from
    assert bases(house) == [None, 1, None]
    assert rounds(house, 3) == 20


def test_a_recall_reaches_every_version_that_went_on_from_one_that_knew(house: House) -> None:
    house.trained("two").register()
    (january,) = [seq for seq, batch in house.ledger.view().batches if batch.partition == "2013-01"]
    assert "2013-01" not in {batch.partition for batch in house.ledger.view().trained_on(2).batches}
    house.ledger.append("recall:january", BatchRecalled("2013-01", (january,), (1, 2), "a test", "me"))
    assert house.ledger.view().touched == {1, 2}
    house.trained("three")
    assert bases(house)[-1] is None


def test_after_its_generations_a_model_begins_from_nothing(house: House) -> None:
    short = warm(house, generations=1)
    short.trained("two").register()
    short.crown(2)
    short.accept(5)
    short.trained("three").register()
    assert bases(short) == [None, 1, None]


def test_other_features_begin_from_nothing_and_that_is_said(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.code(CODE.replace('rows[["distance", "carrier"]]', 'rows[["distance", "carrier"]].assign(one=1)'))
    house.trained("two").register()
    assert "training from nothing: the features of champion 1 are not those of today" in capsys.readouterr().out
    assert rounds(house, 2) == 20


@pytest.mark.parametrize(
    ("before", "after"), [("number", "text"), ("text", "number")], ids=["a number is text now", "text is a number now"]
)
def test_a_column_of_another_kind_is_another_column(
    mlflow: Service, tmp_path: Path, before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The champion would take text for a missing number, or a number for a category that it never saw."""
    ending = "    return made.merge("
    text = CODE.replace(ending, f'    made["distance"] = made["distance"].round(-2).astype(str)\n{ending}')
    code = {"number": CODE, "text": text}
    house = build(tmp_path, mlflow.url, gates=["answers_sanely", {"above_bar": {"metric": "log_loss", "at_most": 9}}])
    house.code(code[before])
    house.accept(1, 2, 3)
    house.trained("one").register()
    house.crown(1)
    house.accept(4)
    later = warm(house)
    later.code(code[after])
    later.trained("two").register()
    assert (
        "training from nothing: the kinds of features of champion 1 are not those of today" in capsys.readouterr().out
    )
    assert rounds(later, 2) == 20
    again = reproduce(later.ports, lineage_of(later.ports, later.spec.name, 2), tmp_path / "again", print)
    assert again.equal


def test_a_column_that_is_empty_for_a_while_is_still_the_same(house: House) -> None:
    house.code(CODE.replace("    return made.merge(", '    made["distance"] = None\n    return made.merge('))
    house.trained("two").register()
    assert rounds(house, 2) == 27


CLASSES = """
def rows(tables):
    trips = tables["trips"]
    trips["how"] = trips["late"].map({0.0: "in time", 1.0: "late"})
    trips.loc[(trips["left"].dt.month == MONTH) & (trips["distance"] > 500) & trips["how"].notna(), "how"] = "lost"
    return trips
"""


@pytest.mark.parametrize("month", [3, 1], ids=["one is new", "one is gone"])
def test_other_classes_begin_from_nothing_and_that_is_said(
    mlflow: Service, tmp_path: Path, month: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The champion learnt from January and February, the next one from February and March."""
    house = build(tmp_path, mlflow.url, gates=["answers_sanely", {"above_bar": {"metric": "log_loss", "at_most": 9}}])
    house.code(CODE.replace('def rows(tables):\n    return tables["trips"]\n', CLASSES.replace("MONTH", str(month))))
    house.spec = house.spec.model_copy(update={"task": "multiclass", "label": "how"})
    house.accept(1, 2, 3)
    house.trained("one").register()
    house.crown(1)
    house.accept(4)
    later = warm(house)
    trained = later.trained("two")
    trained.register()
    assert "training from nothing: the classes of champion 1 are not those of today" in capsys.readouterr().out
    assert bases(later) == [None, 1]
    assert "everfit.base" not in later.ports.registry.run_tags(trained.candidate.mlflow_run)
    versions, registry = later.ledger.view().versions.values(), later.ports.registry
    cards = [Card.read(registry.model_files(made.mlflow_run, made.files)) for made in versions]
    assert [len(card.classes) for card in cards] == ([2, 3] if month == 3 else [3, 2])
    assert rounds(later, 2) == 20
    again = reproduce(later.ports, lineage_of(later.ports, later.spec.name, 2), tmp_path / "again", print)
    assert again.equal


def test_a_search_and_a_warm_start_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="take either a search or a warm start"):
        TrainSpec.model_validate({"warm_start": {}, "search": {}})
