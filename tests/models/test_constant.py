"""The trivial baseline against the formulas that everybody knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.errors import Corrupted, NoGpu
from everfit.models import Rows, Training
from everfit.models.constant import Constant
from everfit.testing.algorithms import Pieces, loaded, problem, terms

NUMBERS = st.floats(-1e6, 1e6, width=32)


def answer(data: Training, constant: Constant, folder: Path) -> list[float]:
    return loaded(constant, constant.fit(data, terms()).model, folder).predict(data.holdout.matrix[:1])[0].tolist()


def test_each_task_has_its_best_constant(tmp_path: Path) -> None:
    for task, wanted in {
        "binary": lambda y: y.mean(),
        "regression": lambda y: y.mean(),
        "multiclass": lambda y: [(y == code).mean() for code in range(3)],
        "quantile": lambda y: np.quantile(y, [0.1, 0.5, 0.9], method="averaged_inverted_cdf"),
    }.items():
        data = problem(task)
        found = answer(data, Constant(), tmp_path)
        assert found == pytest.approx(wanted(data.train.labels.astype(float)), rel=1e-6)
    median = answer(problem("regression"), Constant(answer="median"), tmp_path)
    assert median == pytest.approx(np.median(problem("regression").train.labels), rel=1e-6)


def test_the_losses_are_those_of_the_labels_themselves() -> None:
    data = problem("regression")
    curves = Constant().fit(data, terms()).curves
    assert curves["train_rmse"][0] == pytest.approx(data.train.labels.std(), rel=1e-5)
    share = problem("binary").train.labels.mean()
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert Constant().fit(problem("binary"), terms()).curves["train_logloss"][0] == pytest.approx(entropy, rel=1e-5)
    half = np.abs(problem("quantile").train.labels - np.median(problem("quantile").train.labels)).mean() / 2
    middle = replace(problem("quantile"), quantiles=(0.5,))
    assert Constant().fit(middle, terms()).curves["train_quantile"][0] == pytest.approx(half, rel=1e-5)


@given(st.lists(NUMBERS, min_size=1, max_size=60), st.integers(1, 20), st.sampled_from(["mean", "median"]))
def test_the_order_and_the_cut_of_the_rows_do_not_matter(labels: list[float], length: int, best: str) -> None:
    def model(values: list[float]) -> bytes:
        rows = Rows(np.zeros((len(values), 1), np.float32), np.array(values, np.float32))
        data = Training("regression", ["x"], ["q"], Pieces(rows, length), rows)
        return Constant(answer=best).fit(data, terms()).model

    assert model(labels) == model(labels[::-1]) == model(sorted(labels))


@pytest.mark.parametrize(
    "data",
    [
        b"[1]",
        b'{"answers": ["a"]}',
        b'{"answers": [], "several": false}',
        b'{"answers": [NaN], "several": false}',
        b'{"answers": [1, 2], "several": false}',
    ],
)
def test_a_file_that_is_no_answer_is_corrupted(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(Corrupted, match=r"model\.json is not a model of the algorithm constant"):
        loaded(Constant(), data, tmp_path)


def test_a_gpu_is_refused() -> None:
    with pytest.raises(NoGpu, match="the algorithm constant trains on the CPU only"):
        Constant().fit(problem("binary"), replace(terms(), device="cuda"))
