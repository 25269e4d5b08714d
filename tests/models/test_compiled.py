"""A booster in ONNX Runtime says what XGBoost says: for every task, for categories, missing values and any trees."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.models import Compiled
from everfit.models.xgb.compiled import compiled
from everfit.models.xgb.objective import OBJECTIVES

EVERY = sorted({name for names in OBJECTIVES.values() for name in names})
CATEGORIES = (40, 3, 700)


def rows(count: int, seed: int = 0) -> np.ndarray:
    """Four numbers and three columns of categories; a fifth of everything is missing."""
    random = np.random.default_rng(seed)
    made = random.normal(size=(count, 4 + len(CATEGORIES))).astype(np.float32)
    made[:, 1] = np.round(made[:, 1])
    for place, many in enumerate(CATEGORIES, 4):
        made[:, place] = random.integers(0, many, count)
    made[random.random(made.shape) < 0.2] = np.nan
    return made


def grown(objective: str, rounds: int = 12, seed: int = 0, count: int = 800, **more: Any) -> xgboost.Booster:
    matrix, random = rows(count, seed), np.random.default_rng(seed)
    signal = np.nan_to_num(matrix[:, 0]) + np.isin(matrix[:, 4], range(0, 40, 3)) + 0.1 * random.normal(size=count)
    extra: dict[str, Any] = {}
    match objective.split(":"):
        case ["binary", _] | ["rank", "map"]:
            labels = (signal > 0.5).astype(float)
        case ["multi", _]:
            labels, extra = np.clip(np.round(signal + 1), 0, 3), {"num_class": 4}
        case ["rank", _]:
            labels = np.clip(np.round(signal + 1), 0, 3)
        case ["reg", "quantileerror"]:
            labels, extra = signal, {"quantile_alpha": [0.1, 0.5, 0.9]}
        case _:
            labels = np.abs(signal) + 0.01
    one_each = "multi_strategy" not in more  # XGBoost has no categories where a leaf holds several numbers
    types = ["q"] * 4 + ["c" if one_each else "q"] * len(CATEGORIES)
    data = xgboost.DMatrix(matrix, labels, feature_types=types, enable_categorical=True)
    if objective.startswith("rank"):
        data.set_group([20] * (count // 20))
    if objective == "survival:aft":
        data.set_float_info("label_lower_bound", labels)
        data.set_float_info("label_upper_bound", labels)
    said = {"objective": objective, "nthread": 1, "seed": seed, "max_depth": 6, "verbosity": 0} | extra | more
    return xgboost.train(said, data, rounds)


def made(booster: xgboost.Booster) -> Compiled:
    found = compiled(booster)
    assert isinstance(found, Compiled), found
    return found


def at_the_edges(found: Compiled, count: int, seed: int) -> np.ndarray:
    """Rows that lie on the thresholds of the trees, and one float beside them."""
    random, asked = np.random.default_rng(seed), rows(count, seed)
    for place, thresholds in enumerate(found.thresholds):
        if len(thresholds):
            exact = random.choice(thresholds, count)
            beside = np.nextafter(exact, random.choice([-np.inf, np.inf], count).astype(np.float32))
            asked[:, place] = np.where(random.random(count) < 0.5, exact, beside)
    return asked


def agree(booster: xgboost.Booster, found: Compiled, asked: np.ndarray) -> None:
    wanted = booster.inplace_predict(asked, validate_features=False)
    scores = found.scorer.predict(asked)
    assert scores.shape == wanted.shape
    np.testing.assert_allclose(scores, wanted, rtol=1e-6, atol=1e-30)
    alone = np.concatenate([found.scorer.predict(asked[place : place + 1]) for place in range(20)])
    np.testing.assert_array_equal(alone, scores[:20])


@pytest.mark.parametrize("objective", EVERY)
def test_every_objective(objective: str) -> None:
    booster = grown(objective)
    found = made(booster)
    agree(booster, found, rows(500, 1))
    agree(booster, found, at_the_edges(found, 500, 2))


@pytest.mark.parametrize("objective", ["reg:squarederror", "rank:ndcg", "reg:quantileerror"])
def test_sums_are_equal_to_the_last_bit(objective: str) -> None:
    booster = grown(objective, 200)
    asked = rows(500, 3)
    wanted = booster.inplace_predict(asked, validate_features=False)
    np.testing.assert_array_equal(made(booster).scorer.predict(asked), wanted)


@given(
    objective=st.sampled_from(EVERY),
    rounds=st.integers(1, 9),
    seed=st.integers(0, 2**16),
    more=st.fixed_dictionaries(
        {},
        optional={
            "max_depth": st.integers(1, 9),
            "base_score": st.floats(0.01, 0.99),
            "min_child_weight": st.sampled_from([0, 1, 1e9]),
            "max_cat_to_onehot": st.sampled_from([1, 5, 1000]),
            "num_parallel_tree": st.integers(1, 3),
            "subsample": st.floats(0.3, 1),
            "learning_rate": st.floats(0.01, 1),
            "grow_policy": st.sampled_from(["depthwise", "lossguide"]),
            "gamma": st.sampled_from([0, 5]),
        },
    ),
)
@settings(max_examples=40, deadline=None)
def test_any_trees(objective: str, rounds: int, seed: int, more: dict[str, Any]) -> None:
    if objective == "reg:quantileerror":
        more.pop("base_score", None)
    booster = grown(objective, rounds, seed, 200, **more)
    found = made(booster)
    agree(booster, found, at_the_edges(found, 100, seed))


def test_what_has_no_exact_form_says_so() -> None:
    dart = grown("binary:logistic", booster="dart", rate_drop=0.5)
    assert compiled(dart) == "the booster is of the kind dart"
    assert compiled(grown("binary:hinge")) == "its objective is binary:hinge"
    several = grown("multi:softprob", multi_strategy="multi_output_tree")
    assert compiled(several) == "its leaves hold several numbers each"


def test_a_slice_of_a_booster_is_what_is_left() -> None:
    booster = grown("multi:softprob", 20)[:7]
    agree(booster, made(booster), rows(300, 4))


@pytest.mark.parametrize("objective", ["binary:logistic", "reg:squarederror", "multi:softprob"])
def test_threads_that_share_it_do_not_get_each_others_rows(objective: str) -> None:
    scorer, matrix = made(grown(objective)).scorer, rows(400, seed=3)

    def alone(_: int) -> np.ndarray:
        return np.concatenate([scorer.predict(matrix[place : place + 1]) for place in range(len(matrix))])

    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(alone, range(8)):
            np.testing.assert_array_equal(scores, scorer.predict(matrix))
