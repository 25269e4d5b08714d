"""Explanations of every task's answers, and of an algorithm that gives none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from everfit.errors import DataError
from everfit.models import Rows, Terms, Training
from everfit.models.constant import Constant
from everfit.models.xgboost import XGBoost
from everfit.predictor import Predictor
from everfit.predictor.explained import explain
from tests.toy_model import ROWS, toy_folder


def toy(folder: Path) -> tuple[Predictor, Training]:
    made = Predictor.load(toy_folder(folder / "toy"))
    random, columns = np.random.default_rng(1), made.card.columns
    matrix = random.integers(0, 3, (300, len(columns.names))).astype(np.float32)
    part = Rows(matrix, random.integers(0, 3, 300).astype(np.float32))
    return made, Training("multiclass", columns.names, columns.kinds, part, part)


def loaded(folder: Path, algorithm: type, model: bytes) -> object:
    (folder / algorithm.file).write_bytes(model)
    return algorithm.load(folder / algorithm.file)


def test_each_class_has_its_own(tmp_path: Path) -> None:
    made, training = toy(tmp_path)
    trained = XGBoost(rounds=3, max_depth=2).fit(
        replace(training, classes=("a", "b", "c")), Terms("cpu", 0, lambda _: None)
    )
    classes = replace(made.card, task="multiclass", classes=("a", "b", "c"))
    found = explain(replace(made, card=classes, scorer=loaded(tmp_path, XGBoost, trained.model)), ROWS)
    assert [list(one) for one in found] == [["a", "b", "c"]] * len(ROWS)
    assert all(set(one["b"]) == set(made.card.columns.names) for one in found)
    assert explain(made, []) == []


def test_an_algorithm_that_says_nothing_is_told(tmp_path: Path) -> None:
    made, training = toy(tmp_path)
    said = replace(training, task="regression")
    trained = Constant().fit(said, Terms("cpu", 0, lambda _: None))
    constant = replace(made, scorer=loaded(tmp_path, Constant, trained.model))
    with pytest.raises(DataError, match="explain: the algorithm xgboost does not say what made its answers"):
        explain(constant, ROWS)
