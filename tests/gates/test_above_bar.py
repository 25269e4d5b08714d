import numpy as np
import pytest

from everfit.gates.above_bar import AboveBar
from everfit.statistics.metrics import measure
from everfit.values import Outcome

RANK = {Outcome.FAILED: 0, Outcome.CANNOT_TELL: 1, Outcome.PASSED: 2}


@pytest.mark.parametrize("metric", ["auc", "accuracy"])
def test_a_higher_bar_is_harder(metric, binary):
    bars = np.linspace(0.5, 0.95, 60)
    ranks = [RANK[AboveBar(metric, at_least=float(bar)).judge(binary()).outcome] for bar in bars]
    assert ranks == sorted(ranks, reverse=True)
    assert set(ranks) == {0, 1, 2}


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_a_lower_limit_is_harder(metric, regression):
    limits = np.linspace(1, 15, 60)
    ranks = [RANK[AboveBar(metric, at_most=float(limit)).judge(regression()).outcome] for limit in limits]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}


def test_passing_by_a_hair_is_not_passing(binary):
    evidence = binary()
    value = measure("auc", evidence.truth, evidence.candidate).value
    verdict = AboveBar("auc", at_least=value - 1e-6).judge(evidence)
    assert verdict.effect > verdict.bar
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "it is open" in verdict.reason


def test_reasons_say_what_was_found_and_wanted(binary):
    passed, failed = AboveBar("auc", at_least=0.6).judge(binary()), AboveBar("auc", at_least=0.95).judge(binary())
    assert passed.reason.startswith(
        f"AUC is {passed.effect:.4g}, surely at least {passed.low:.4g}; wanted at least 0.6"
    )
    assert failed.reason.startswith(
        f"AUC is {failed.effect:.4g}, surely at most {failed.high:.4g}; wanted at least 0.95"
    )


def test_an_auc_takes_days_of_both_labels(binary):
    evidence = binary()
    verdict = AboveBar("auc", at_least=0.6).judge(binary(y=np.where(evidence.clusters < 8, evidence.y, 0)))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "only 8 days of the holdout have a row with label 1" in verdict.reason
