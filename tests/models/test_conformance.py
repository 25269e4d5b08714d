"""Every algorithm keeps the contract."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from everfit import catalog
from everfit.models.constant import Constant
from everfit.models.lightgbm import LightGBM
from everfit.models.xgboost import XGBoost
from everfit.testing.algorithms import AlgorithmConformance

PAGE = Path(__file__).parents[2] / "docs/how-to/adding-an-algorithm.md"


def shown(name: str) -> Any:
    """The algorithm that the page tells people to write."""
    begin = f"# include/everfit/models/{name}.py\n"
    (text,) = re.findall(rf"^```python\n({begin}.*?)^```$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    module = ModuleType(f"everfit.models.{name}")
    sys.modules[module.__name__] = module
    exec(compile(text, f"{PAGE}", "exec"), module.__dict__)
    return catalog._class_in(catalog.ALGORITHMS, name)


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


class TestTheOneThatThePageShows(AlgorithmConformance):
    """docs/how-to/adding-an-algorithm.md"""

    trains = shown("random_forest")(trees=20, max_depth=6)
    weights_differ_by = 0.4


def test_no_algorithm_is_left_out() -> None:
    assert set(catalog.algorithms()) == {"constant", "lightgbm", "xgboost"}
