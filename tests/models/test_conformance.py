"""Every algorithm keeps the contract."""

from __future__ import annotations

from everfit import catalog
from everfit.models.constant import Constant
from everfit.models.lightgbm import LightGBM
from everfit.models.xgboost import XGBoost
from everfit.testing.algorithms import AlgorithmConformance


class TestXGBoost(AlgorithmConformance):
    trains = XGBoost(rounds=12, max_depth=4)


class TestXGBoostThatDraws(AlgorithmConformance):
    trains = XGBoost(rounds=12, max_depth=4, subsample=0.8, colsample_bytree=0.8)
    weights_differ_by = 0.4


class TestLightGBM(AlgorithmConformance):
    trains = LightGBM(rounds=12, num_leaves=8)


class TestLightGBMThatDraws(AlgorithmConformance):
    trains = LightGBM(rounds=12, num_leaves=8, subsample=0.8, colsample_bytree=0.8)
    weights_differ_by = 0.4


class TestConstant(AlgorithmConformance):
    trains = Constant()
    weights_differ_by = 1e-9


class TestMedian(AlgorithmConformance):
    trains = Constant(answer="median")
    weights_differ_by = 1e-9


def test_no_algorithm_is_left_out() -> None:
    assert set(catalog.algorithms()) == {"constant", "lightgbm", "xgboost"}
