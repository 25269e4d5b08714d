"""The last value and the seasonal one, in the evidence of a real run: what they know, and what the gates say."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from everfit.errors import SpecError
from everfit.gates import Evidence
from everfit.gates.beats_baseline import BeatsBaseline
from everfit.spec import WindowSpec
from everfit.values import Outcome
from tests.steps.judging import House, build, month


@pytest.fixture
def house(tmp_path, mlflow) -> House:
    made = build(tmp_path, mlflow.url)
    made.accept(1, 2, 3)
    return made


def asked(house: House, *gates: Any) -> House:
    house.spec = house.spec.model_copy(update={"gates": gates})
    return house


def evidence_of(house: House, file) -> Evidence:
    return Evidence.from_frame(pd.read_parquet(house.ports.store.local_file(file)))


def known(*numbers: int, task: str = "binary") -> pd.DataFrame:
    rows = pd.concat([month(number, task) for number in numbers])
    return rows[rows["late"].notna()]


def test_it_is_learnt_from_earlier_months_and_judged_offline(house):
    by = [BeatsBaseline("brier", "last", "carrier"), BeatsBaseline("log_loss", "seasonal", period="day")]
    judgement = asked(house, *by).trained("first").judge()
    assert [verdict.outcome for verdict in judgement.verdicts] == [Outcome.PASSED, Outcome.PASSED]
    assert "than that of the last label of the same carrier, surely" in judgement.verdicts[0].reason
    assert "than that of the label in the same hour of the day before" in judgement.verdicts[1].reason
    kept = evidence_of(house, judgement.evidence)
    assert list(kept.naive) == ["last by carrier for brier", "day for log_loss"]
    assert tuple(gate.judge(kept) for gate in by) == judgement.verdicts
    before, usual = known(1, 2), known(1, 2)["late"].mean()
    newest = before[before["left"] == before.groupby("carrier")["left"].transform("max")]
    last = newest.groupby("carrier")["late"].mean()
    shown = pd.Series(kept.naive["last by carrier for brier"]).groupby(known(3)["carrier"].to_numpy()).agg(set)
    for carrier, values in shown.items():
        (value,) = values  # the newest is of the month before, for every row of the holdout
        assert (value - usual) * (last[carrier] - usual) >= 0
        assert abs(value - usual) <= abs(last[carrier] - usual)
    hours = before.groupby(before["left"].dt.floor("h"))["late"].mean()
    newest_hour = hours.groupby(hours.index.hour).last()
    told = pd.Series(kept.naive["day for log_loss"]).groupby(known(3)["left"].dt.hour.to_numpy()).first()
    assert np.corrcoef(told, newest_hour[told.index])[0, 1] == pytest.approx(1)


def test_labels_of_the_holdout_change_nothing_of_its_own_forecast(house):
    trained = asked(house, BeatsBaseline("brier", "last", "carrier")).trained("first")
    one = evidence_of(house, trained.evaluate().evidence)
    assert set(one.naive["last by carrier for brier"][one.y == 1]) == set(
        one.naive["last by carrier for brier"][one.y == 0]
    )


def weights(naive, numbers, usual, before):
    """How far each carrier's forecast is drawn to its newest number of a month: all as far, if it is that month."""
    rows = known(before, task="regression")
    last = rows[rows["left"] == rows.groupby("carrier")["left"].transform("max")].groupby("carrier")["late"].mean()
    shown = pd.Series(naive).groupby(known(*numbers, task="regression")["carrier"].to_numpy()).first()
    return ((shown - usual) / (last[shown.index] - usual)).to_numpy()


def test_a_later_month_of_the_holdout_knows_the_earlier_one_and_after_a_gap_neither_does(tmp_path, mlflow):
    house = build(tmp_path, mlflow.url, "regression", [BeatsBaseline("squared", "last", "carrier")])
    house.accept(1, 2, 3, 4, task="regression")
    usual, name = known(1, 2, task="regression")["late"].mean(), "last by carrier for squared"
    house.spec = house.spec.model_copy(update={"window": WindowSpec(batches=4, holdout=2, at_least=3)})
    two = evidence_of(house, house.trained("two").evaluate().evidence).naive[name]
    cut = len(known(3, task="regression"))
    third, fourth = weights(two[:cut], [3], usual, before=2), weights(two[cut:], [4], usual, before=3)
    assert third == pytest.approx(third[0])
    assert fourth == pytest.approx(third)
    house.spec = house.spec.model_copy(update={"window": WindowSpec(batches=4, holdout=1, gap=1, at_least=3)})
    far = evidence_of(house, house.trained("far").evaluate().evidence).naive[name]
    assert 0 < third[0] < 1
    assert weights(far, [4], usual, before=2) == pytest.approx(third)


def test_numbers_have_a_middle_for_each_loss(tmp_path, mlflow):
    gates = [BeatsBaseline(loss, "seasonal", "carrier") for loss in ("squared", "absolute")]
    house = build(tmp_path, mlflow.url, "regression", gates)
    house.accept(1, 2, 3, task="regression")
    judgement = house.trained("first").judge()
    assert [verdict.outcome for verdict in judgement.verdicts] == [Outcome.PASSED, Outcome.PASSED]
    kept = evidence_of(house, judgement.evidence).naive
    middle, median = kept["week by carrier for squared"], kept["week by carrier for absolute"]
    assert np.ptp(median - middle) < 1e-9
    assert len(np.unique(middle)) > 100


def test_a_column_that_rows_does_not_make_is_refused(house):
    with pytest.raises(SpecError, match=r"beats_baseline names the column 'hour', which rows\(\) does not make"):
        asked(house, BeatsBaseline("brier", "last", "hour")).trained("first").evaluate()


def test_evidence_without_the_forecast_cannot_tell(house):
    kept = evidence_of(house, asked(house, BeatsBaseline("brier", "last")).trained("first").evaluate().evidence)
    verdict = BeatsBaseline("brier", "last").judge(replace(kept, naive={}))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "no forecast of the last label" in verdict.reason


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"baseline": "newest"}, "baseline: there is no 'newest'"),
        ({"by": "carrier"}, "by: the usual answer is the same for all"),
        ({"baseline": "last", "by": ""}, "by: wanted a name"),
        ({"baseline": "seasonal", "period": "moon"}, "period: there is no 'moon'"),
        ({"loss": "ndcg_loss", "baseline": "last"}, "baseline: wanted usual for the loss ndcg_loss"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        BeatsBaseline(**{"loss": "brier"} | settings)
