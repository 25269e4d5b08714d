"""XGBoost behind our words: the same bytes again, curves, progress, and errors that say what to do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xgboost
from sklearn.metrics import log_loss, roc_auc_score

from everfit.errors import Corrupted, SpecError
from everfit.models import Round, Rows, Terms, Training
from everfit.models import xgboost as module
from everfit.models.xgboost import XGBoost
from everfit.spec.building import build

ROWS = 3000


def silent(message: str) -> None:
    pass


def make(task: str = "binary", seed: int = 1) -> Training:
    """Two columns that matter, one of them a category, one that does not, and holes."""
    random = np.random.default_rng(seed)
    matrix = np.column_stack([random.normal(size=ROWS), random.integers(0, 12, ROWS), random.normal(size=ROWS)])
    truth = matrix[:, 0] + np.isin(matrix[:, 1], [1, 5, 7]) * 2 + random.normal(scale=0.3, size=ROWS)
    matrix[random.random(matrix.shape) < 0.05] = np.nan
    labels = (truth > 1 if task == "binary" else truth).astype(np.float32)
    matrix = matrix.astype(np.float32)
    half = ROWS // 2
    parts = Rows(matrix[:half], labels[:half]), Rows(matrix[half:], labels[half:])
    return Training(task, ["x", "kind", "noise"], ["q", "c", "q"], *parts)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[bytes], Path]:
    def save(model: bytes) -> Path:
        (tmp_path / "model.ubj").write_bytes(model)
        return tmp_path / "model.ubj"

    return save


def test_equal_data_and_seed_give_equal_bytes_on_any_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    algorithm = XGBoost(rounds=20, subsample=0.6, colsample_bytree=0.7)
    models = set()
    for threads in ("1", "2", "3", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        trained = algorithm.fit(make(), Terms("cpu", 7, silent))
        assert trained.threads == int(threads)
        models.add(trained.model)
    assert len(models) == 1
    assert algorithm.fit(make(), Terms("cpu", 8, silent)).model not in models


def test_the_holdout_is_watched_and_changes_nothing() -> None:
    data = make()
    other = Training(data.task, data.names, data.kinds, data.train, data.holdout.take(slice(9)))
    algorithm = XGBoost(rounds=10, subsample=0.5)
    assert algorithm.fit(data, Terms("cpu", 0, silent)).model == algorithm.fit(other, Terms("cpu", 0, silent)).model


def test_curves_end_where_the_saved_model_stands(saved: Callable[[bytes], Path]) -> None:
    data = make()
    trained = XGBoost(rounds=15).fit(data, Terms("cpu", 0, silent))
    assert {name: len(curve) for name, curve in trained.curves.items()} == dict.fromkeys(
        ["train_auc", "train_logloss", "holdout_auc", "holdout_logloss"], 15
    )
    scores = XGBoost.load(saved(trained.model)).predict(data.holdout.matrix)
    assert trained.curves["holdout_auc"][-1] == pytest.approx(roc_auc_score(data.holdout.labels, scores), abs=1e-6)
    assert trained.curves["holdout_logloss"][-1] == pytest.approx(log_loss(data.holdout.labels, scores), abs=1e-6)
    assert trained.curves["holdout_auc"][-1] > 0.95


def test_regression_predicts_the_number_itself(saved: Callable[[bytes], Path]) -> None:
    data = make("regression")
    trained = XGBoost(rounds=60).fit(data, Terms("cpu", 0, silent))
    found = XGBoost.load(saved(trained.model)).predict(data.holdout.matrix)
    assert trained.curves["holdout_mae"][-1] == pytest.approx(np.abs(found - data.holdout.labels).mean(), rel=1e-5)
    assert trained.curves["holdout_rmse"][-1] < 0.6 * data.holdout.labels.std()
    assert set(trained.curves) == {"train_rmse", "train_mae", "holdout_rmse", "holdout_mae"}


def test_one_row_scores_as_it_does_in_bulk_and_as_in_a_dmatrix(saved: Callable[[bytes], Path]) -> None:
    """Bit by bit, categories and missing values included."""
    data = make()
    path = saved(XGBoost(rounds=20).fit(data, Terms("cpu", 0, silent)).model)
    scorer, matrix = XGBoost.load(path), data.holdout.matrix[:300]
    bulk = scorer.predict(matrix)
    assert bulk.tolist() == [scorer.predict(matrix[[row]])[0] for row in range(len(matrix))]
    booster = xgboost.Booster(model_file=path)
    as_trained = xgboost.DMatrix(
        matrix, feature_names=list(data.names), feature_types=list(data.kinds), enable_categorical=True
    )
    assert bulk.tolist() == booster.predict(as_trained).astype(float).tolist()


def test_importance_is_a_share_of_the_whole() -> None:
    shares = XGBoost(rounds=20, max_depth=3).fit(make(), Terms("cpu", 0, silent)).importance
    assert sum(shares.values()) == pytest.approx(1)
    assert list(shares) == ["x", "kind", "noise"]
    assert min(shares["x"], shares["kind"]) > 5 * shares["noise"]


@pytest.mark.parametrize("kind", ["q", "c"])
def test_a_column_without_any_value_does_no_harm(kind: str, saved: Callable[[bytes], Path]) -> None:
    data = make()
    data.train.matrix[:, 2] = np.nan
    data.holdout.matrix[:, 2] = np.nan
    empty = Training(data.task, data.names, ["q", "c", kind], data.train, data.holdout)
    trained = XGBoost(rounds=10).fit(empty, Terms("cpu", 0, silent))
    assert trained.importance["noise"] == 0
    assert np.isfinite(XGBoost.load(saved(trained.model)).predict(data.holdout.matrix)).all()


def test_each_round_is_told_with_its_metrics() -> None:
    told: list[Round] = []
    said: list[str] = []
    trained = XGBoost(rounds=7, max_depth=2).fit(make(), Terms("cpu", 0, said.append, told.append))
    assert [(one.done, one.most) for one in told] == [(done, 7) for done in range(1, 8)]
    assert [one.metrics["holdout_auc"] for one in told] == list(trained.curves["holdout_auc"])
    assert said[0].startswith("training on the CPU, ")
    assert trained.rounds == 7


def test_what_hears_of_a_round_can_end_the_training() -> None:
    def enough(ended: Round) -> None:
        if ended.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        XGBoost(rounds=1000).fit(make(), Terms("cpu", 0, silent, enough))


def test_a_gpu_that_is_not_there_is_refused_and_auto_takes_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xgboost, "build_info", lambda: {"USE_CUDA": False})
    assert XGBoost(rounds=1).fit(make(), Terms("auto", 0, silent)).device == "cpu"
    with pytest.raises(SpecError, match="device 'cuda' was asked for, but this build of XGBoost cannot use one"):
        XGBoost(rounds=1).fit(make(), Terms("cuda", 0, silent))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rounds": 0}, "rounds: found 0, wanted at least 1"),
        ({"learning_rate": 1.5}, "learning_rate: found 1.5, wanted at most 1"),
        ({"max_depth": "six"}, "max_depth: found 'six', wanted a whole number"),
        ({"max_dept": 6}, "max_dept: there is no such setting; did you mean 'max_depth'"),
        ({"extra": {"eta": 0.3}}, "extra.eta: this is the setting 'learning_rate'"),
        ({"extra": {"max_bin": 16}}, "extra.max_bin: this is the setting 'max_bin'"),
        ({"extra": {"seed": 3}}, "extra.seed: everfit sets this itself"),
    ],
)
def test_settings_are_checked_when_the_spec_is_read(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build(XGBoost, settings)


def test_more_of_xgboosts_own_parameters_can_be_given() -> None:
    plain, held_back = (
        XGBoost(rounds=5, extra=extra).fit(make(), Terms("cpu", 0, silent)) for extra in ({}, {"gamma": 50})
    )
    assert len(held_back.model) < len(plain.model)
    rising = XGBoost(rounds=5, extra={"max_leaves": 3})
    assert rising.fit(make(), Terms("cpu", 0, silent)).model != plain.model


def test_a_parameter_that_xgboost_does_not_know_is_refused_before_training() -> None:
    said: list[str] = []
    with pytest.raises(SpecError, match="has no parameter 'gama'; did you mean 'gamma'"):
        XGBoost(rounds=5, extra={"gama": 1}).fit(make(), Terms("cpu", 0, said.append))
    assert len(said) == 1


def test_a_value_that_xgboost_refuses_is_reported_in_our_words() -> None:
    with pytest.raises(SpecError, match=r"refuses to train so: .*scale_pos_weight.*look at train\.params") as caught:
        XGBoost(rounds=5, extra={"scale_pos_weight": "much"}).fit(make(), Terms("cpu", 0, silent))
    assert isinstance(caught.value.__cause__, xgboost.core.XGBoostError | ValueError)


@pytest.mark.parametrize("data", [b"", b"not a model", b"{}"])
def test_a_file_that_is_no_model_is_corrupted(saved: Callable[[bytes], Path], data: bytes) -> None:
    with pytest.raises(Corrupted, match=r"model\.ubj is not a model that XGBoost"):
        XGBoost.load(saved(data))


def test_it_is_found_by_its_name() -> None:
    from everfit import catalog

    assert catalog.algorithm("xgboost") is XGBoost
    assert module.XGBoost.file == "model.ubj"
