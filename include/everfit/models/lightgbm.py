"""The algorithm `lightgbm`: gradient-boosted trees that grow leaf by leaf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from everfit.errors import Corrupted
from everfit.models import Scorer, Terms, Trained, Training, sample, whole
from everfit.models._cpu import on_the_cpu
from everfit.models._extra import check_extra
from everfit.models.cores import cores
from everfit.models.lgb.data import Binned, check_fits
from everfit.models.lgb.rounds import STOP, grow
from everfit.models.lgb.text import checked, to_bytes
from everfit.models.lgb.words import in_our_words, refuse_unknown
from everfit.models.space import Between, Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OBJECTIVES = {"binary": "binary", "regression": "regression", "multiclass": "multiclass", "ranking": "lambdarank"}
METRICS = {
    "binary": {"auc": "auc", "binary_logloss": "logloss"},
    "regression": {"rmse": "rmse", "l1": "mae"},
    "multiclass": {"multi_error": "merror", "multi_logloss": "mlogloss"},
    "ranking": {"ndcg@10": "ndcg@10"},
}
"""LightGBM's names of the metrics, and XGBoost's, under which the curves are drawn."""

OURS = {"objective", "metric", "device_type", "device", "num_threads", "nthread", "n_jobs", "seed", "random_state"}
OURS |= {"verbosity", "verbose", "deterministic", "force_row_wise", "force_col_wise", "bagging_freq", "num_class"}
ALIASES = {"num_iterations": "rounds", "num_boost_round": "rounds", "n_estimators": "rounds", "eta": "learning_rate"}
ALIASES |= {"bagging_fraction": "subsample", "feature_fraction": "colsample_bytree", "lambda_l1": "reg_alpha"}
ALIASES |= {"lambda_l2": "reg_lambda", "min_data_in_leaf": "min_child_samples"}
ALIASES |= {"min_sum_hessian_in_leaf": "min_child_weight"}

MANY = 1000
"""From so many rows on, more than one core pays when scoring."""

Share = Annotated[float, Field(gt=0, le=1)]
Weight = Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class LightGBM:
    """Gradient-boosted trees that grow where they gain most, with native categories (Ke et al. 2017).

    `rounds` trees of `num_leaves`, each adding `learning_rate` of what it found; `subsample` of the rows and
    `colsample_bytree` of the columns are drawn for each. A leaf has at least `min_child_samples` rows;
    `min_child_weight`, `reg_lambda` and `reg_alpha` hold it back; `max_bin` is the number of histogram bins. `extra`
    takes more of LightGBM's parameters by their own names, such as `max_depth` or `monotone_constraints`. It trains on
    the CPU and holds all rows in memory. Equal data, parameters and seed give a byte-equal model, on any number of
    cores.
    """

    rounds: Annotated[int, Field(ge=1, le=100_000)] = 100
    num_leaves: Annotated[int, Field(ge=2, le=131_072)] = 31
    learning_rate: Share = 0.1
    subsample: Share = 1.0
    colsample_bytree: Share = 1.0
    min_child_samples: Annotated[int, Field(ge=1)] = 20
    min_child_weight: Weight = 0.001
    reg_lambda: Weight = 0.0
    reg_alpha: Weight = 0.0
    max_bin: Annotated[int, Field(ge=2, le=65_536)] = 255
    extra: Mapping[str, Any] = field(default_factory=dict)

    file: ClassVar[str] = "model.lgb"
    tasks: ClassVar[frozenset[str]] = frozenset(OBJECTIVES)
    goes_on: ClassVar[bool] = False
    search_space: ClassVar[Space] = {
        "num_leaves": Between(8, 256, log=True),
        "learning_rate": Between(0.02, 0.3, log=True),
        "min_child_samples": Between(5, 200, log=True),
        "subsample": Between(0.5, 1.0),
        "colsample_bytree": Between(0.4, 1.0),
        "reg_lambda": Between(0.001, 20.0, log=True),
    }

    def __post_init__(self) -> None:
        check_extra(self, ALIASES, OURS)

    def fit(self, data: Training, terms: Terms) -> Trained:
        """Train on `data.train`, watching the holdout and, with early stopping, the newest training span.

        A try that was killed begins again and gives the same bytes. Errors: `SpecError` for parameters that LightGBM
        does not take and for rows that do not fit into memory, `NoGpu` for a GPU.
        """
        import lightgbm

        device, threads = on_the_cpu("lightgbm", terms.device), cores()
        check_fits(data.train, len(data.names), terms.memory)
        terms.progress(f"training on the CPU, {threads} threads")
        params = self._params(data) | {"num_threads": threads, "seed": terms.seed % 2**31}
        begin = perf_counter()
        with in_our_words():
            refuse_unknown(params)
            binned, rows = Binned(data, params), whole(data.train)
            learnt = binned.learnt(rows)
            booster = lightgbm.Booster(params, learnt)
            booster.add_valid(binned.watched(sample(rows, data.holdout.rows), learnt), "train")
            booster.add_valid(binned.watched(data.holdout, learnt), "holdout")
            if data.stop:
                booster.add_valid(binned.watched(whole(data.stop.part), learnt), STOP)
            patience = data.stop.patience if data.stop else 0
            grown = grow(booster, METRICS[data.task], self.rounds, patience, terms.each_round)
        return Trained(
            model=to_bytes(booster.model_to_string(num_iteration=grown.rounds)),
            device=device,
            threads=threads,
            seconds=perf_counter() - begin,
            rounds=grown.rounds,
            curves={name: tuple(curve) for name, curve in grown.curves.items()},
            importance=_importance(booster, data.names, grown.rounds),
            facts={},
        )

    def fewest_rows(self, task: str) -> int:  # noqa: ARG002 - the same for each task
        """Below so many rows no tree can be split: each side has at least `min_child_samples`."""
        return 2 * self.min_child_samples

    @staticmethod
    def load(path: Path) -> Scorer:
        """A saved model, ready to score. Check its hash first. Errors: `Corrupted` for a file that is not whole."""
        import lightgbm

        text = checked(path.read_bytes(), str(path))
        try:
            return _Scorer(lightgbm.Booster(model_str=text))
        except lightgbm.basic.LightGBMError as error:
            raise Corrupted(f"{path} is not a model that LightGBM {lightgbm.__version__} can read: {error}") from error

    def _params(self, data: Training) -> dict[str, Any]:
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("rounds", "extra")}
        shape = {"num_class": len(data.classes)} if data.task == "multiclass" else {}
        ours = {
            "objective": OBJECTIVES[data.task],
            "metric": [name.partition("@")[0] for name in METRICS[data.task]],
            "eval_at": [10],
            "bagging_freq": 1 if self.subsample < 1 else 0,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        return {**ours, **shape, **settings, **self.extra}


@dataclass(frozen=True)
class _Scorer:
    booster: Any

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """One answer per row; a single row is not worth waking other cores for."""
        scores: NDArray[np.float64] = self.booster.predict(
            matrix, num_threads=cores() if len(matrix) >= MANY else 1
        ).astype("float64")
        return scores

    def contributions(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """LightGBM's own Shapley values of trees, exact."""
        found: NDArray[np.float64] = self.booster.predict(matrix, pred_contrib=True, num_threads=cores())
        return found.reshape(len(matrix), -1, matrix.shape[1] + 1)[:, :, :-1]

    def importance(self) -> NDArray[np.float64]:
        """By gain."""
        found: NDArray[np.float64] = self.booster.feature_importance("gain").astype("float64")
        return found / (found.sum() or 1.0)


def _importance(booster: Any, names: Any, rounds: int) -> dict[str, float]:
    gain = booster.feature_importance("gain", iteration=rounds)
    total = float(gain.sum()) or 1.0
    return {name: float(one) / total for name, one in zip(names, gain, strict=True)}
