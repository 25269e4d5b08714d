"""The gates that ask a trained model about changed rows and single features, in a real run."""

from typing import Any

import pytest

from everfit.errors import SpecError
from everfit.gates.behaves import Behaves
from everfit.gates.is_calibrated import IsCalibrated
from everfit.gates.leaks_no_label import LeaksNoLabel
from everfit.values import Outcome
from tests.steps.judging import CODE, House, build

LEAKY = CODE.replace('"distance", "left"', '"distance", "left", "fee"').replace(
    'return tables["trips"]', 'return tables["trips"].assign(fee=tables["trips"]["late"].fillna(0) * 25)'
).replace('rows[["distance", "carrier"]]', 'rows[["distance", "carrier", "fee"]]')  # fmt: skip


@pytest.fixture
def house(tmp_path, mlflow) -> House:
    made = build(tmp_path, mlflow.url)
    made.accept(1, 2, 3)
    return made


def verdicts(house: House, *gates: Any):
    house.spec = house.spec.model_copy(update={"gates": gates})
    return house.trained("first").judge().verdicts


def test_an_honest_model_is_calibrated_leaks_nothing_and_behaves(house):
    expect = {"distance": "increasing", "left": "any"}
    calibrated, honest, behaves = verdicts(
        house, IsCalibrated(within=0.15), LeaksNoLabel(), Behaves(expect, at_most=0.9)
    )
    assert (calibrated.outcome, honest.outcome) == (Outcome.PASSED, Outcome.PASSED)
    assert behaves.n > 400
    assert [part.name for part in behaves.parts] == ["distance up, score up", "left changed, score the same"]
    assert (
        behaves.parts[0].effect < 0.5 < behaves.parts[1].effect
    )  # it has learnt what distance does, and uses the hour


def test_a_fee_that_only_the_late_pay_is_a_leak(house):
    house.code(LEAKY)
    (verdict,) = verdicts(house, LeaksNoLabel())
    assert verdict.outcome is Outcome.FAILED
    assert "the feature 'fee' alone has an AUC of 1" in verdict.reason
    assert "shuffled, 100 % of what the candidate knows goes" in verdict.reason


def test_a_feature_is_no_input(house):
    with pytest.raises(SpecError, match="the gate behaves names 'hour', which is not among INPUTS"):
        verdicts(house, Behaves({"hour": "any"}))
