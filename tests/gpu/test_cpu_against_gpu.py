"""What only a GPU can show: skipped, with the reason, where there is none. `pytest tests/gpu -s` prints the times."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from everfit import gpu
from everfit.models import Rows, Terms, Trained, Training
from everfit.models.xgboost import XGBoost
from everfit.statistics.metrics import table
from everfit.steps.placing import Fitted, place

ROWS, COLUMNS, ROUNDS = 400_000, 28, 200


@cache
def lacking() -> str | None:
    """Why the tests here cannot run, or None."""
    import xgboost

    return gpu.lacking() or (None if xgboost.build_info().get("USE_CUDA") else "this build of XGBoost has no CUDA")


pytestmark = [pytest.mark.gpu, pytest.mark.skipif(lacking() is not None, reason=f"no GPU: {lacking()}")]


@cache
def data() -> Training:
    random = np.random.default_rng(2013)
    matrix = random.normal(size=(ROWS, COLUMNS)).astype("float32")
    matrix[random.random(matrix.shape) < 0.05] = np.nan
    signal = np.nan_to_num(matrix[:, 0] * matrix[:, 1] + matrix[:, 2] - 0.5 * matrix[:, 3] ** 2)
    labels = (signal + random.normal(size=ROWS) > 0).astype("float32")
    cut = ROWS * 3 // 4
    names = [f"f{number}" for number in range(COLUMNS)]
    return Training(
        "binary", names, ["q"] * COLUMNS, Rows(matrix[:cut], labels[:cut]), Rows(matrix[cut:], labels[cut:])
    )


def fit(device: str) -> Trained:
    return XGBoost(rounds=ROUNDS, subsample=0.8, colsample_bytree=0.8).fit(data(), Terms(device, 7, print))


@cache
def fitted(device: str) -> Fitted:
    return place(fit, device, print, fallback=False)


def scores(trained: Trained, folder: Path) -> np.ndarray:
    path = folder / f"{trained.device.replace(':', '-')}.ubj"
    path.write_bytes(trained.model)
    return XGBoost.load(path).predict(data().holdout.matrix)


def test_cpu_and_gpu_learn_the_same_and_the_times_are_told(tmp_path, capsys):
    made = {device: fitted(device).trained for device in ("cpu", "cuda")}
    auc = {d: table("binary", data().holdout.labels, scores(t, tmp_path))["auc"] for d, t in made.items()}
    with capsys.disabled():
        use = fitted("cuda").watched.use
        for device, trained in made.items():
            print(f"\n{device:<5} {trained.seconds:7.2f} s  {trained.threads} threads  AUC {auc[device]:.5f}", end="")
        print(f"\n{use}")
    assert auc["cuda"] == pytest.approx(auc["cpu"], abs=0.002)
    assert auc["cpu"] > 0.8


def test_auto_takes_the_gpu_and_watches_it():
    seen = fitted("auto")
    assert (seen.placement.used, seen.placement.why) == ("cuda", "")
    use = seen.watched.use
    assert use is not None
    assert use.name
    assert ROWS * COLUMNS / 2**20 < use.peak_memory_mb <= use.of_mb
    assert use.busiest > 0
    assert len(seen.watched.curves["gpu_busy"]) >= 2


def test_the_same_seed_on_the_same_gpu_gives_the_same_bytes():
    assert fit("cuda").model == fit("cuda:0").model == fitted("cuda").trained.model


def test_a_gpu_beyond_the_last_is_refused_with_the_last_ones_name():
    assert gpu.lacking(98) == f"the last GPU that this process may see is cuda:{_count() - 1}"


def _count() -> int:
    return next(number for number in range(99) if gpu.lacking(number) is not None)
