"""The algorithm `xgboost`: gradient-boosted trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from everfit.errors import Corrupted
from everfit.models import Compiled, Forgetful, Scorer, Terms, Trained, Training, sample
from everfit.models._extra import check_extra
from everfit.models._machine import choose
from everfit.models.cores import cores
from everfit.models.memory import Peak
from everfit.models.space import Between, Space
from everfit.models.xgb.compiled import compiled
from everfit.models.xgb.constraints import constraints
from everfit.models.xgb.joined import joined
from everfit.models.xgb.matrix import ELSEWHERE, Binned, choose_keeping, open_matrices
from everfit.models.xgb.objective import OBJECTIVES, check_objective, objective, own
from everfit.models.xgb.rounds import CHUNK, Growth, Patience, grow, what_grows
from everfit.models.xgb.size import Trees
from everfit.models.xgb.words import in_our_words, refuse_unknown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OURS = {
    *("eval_metric", "device", "nthread", "n_jobs", "seed", "random_state", "seed_per_iteration"),
    *("num_class", "quantile_alpha", "ndcg_exp_gain", "base_score"),
    *("verbosity", "tree_method", "updater", "process_type"),
}
ALIASES = {"eta": "learning_rate", "lambda": "reg_lambda", "alpha": "reg_alpha", "num_boost_round": "rounds"}
ALIASES |= {"monotone_constraints": "monotone", "interaction_constraints": "interactions"}
NO_PARAMETERS = {"rounds", "objective", "monotone", "interactions", "extra"}

BEGIN, LAST, END = b"{L", b"version", b"}"
"""How a model in XGBoost's binary JSON begins, what its last entry is called, and how it ends."""

Share = Annotated[float, Field(gt=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Group = Annotated[tuple[str, ...], Field(min_length=1)]


@dataclass(frozen=True)
class XGBoost:
    """Gradient-boosted trees, grown on histograms, with native categories (Chen and Guestrin 2016).

    `rounds` trees of `max_depth`, each adding `learning_rate` of what it found; `subsample` of the rows and
    `colsample_bytree` of the columns are drawn for each. `min_child_weight`, `reg_lambda` and `reg_alpha` hold it back;
    `max_bin` is the number of histogram bins. `objective` is one of XGBoost's that fits the task (`reg:tweedie`), or a
    function of objectives.py in the model's folder. `monotone` says of features that the answer must rise or fall with
    them, all else equal; `interactions` are groups of features that may meet in a tree. `extra` takes more of XGBoost's
    parameters by their own names, such as `gamma`. Equal data, parameters and seed give a byte-equal
    model, on any number of cores.
    """

    rounds: Annotated[int, Field(ge=1, le=100_000)] = 100
    max_depth: Annotated[int, Field(ge=1, le=20)] = 6
    learning_rate: Share = 0.1
    subsample: Share = 1.0
    colsample_bytree: Share = 1.0
    min_child_weight: Weight = 1.0
    reg_lambda: Weight = 1.0
    reg_alpha: Weight = 0.0
    max_bin: Annotated[int, Field(ge=2, le=65_536)] = 256
    objective: str = ""
    monotone: Mapping[str, Literal["rising", "falling"]] = field(default_factory=dict)
    interactions: tuple[Group, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    file: ClassVar[str] = "model.ubj"
    tasks: ClassVar[frozenset[str]] = frozenset(OBJECTIVES)
    joined: ClassVar[Any] = staticmethod(joined)
    goes_on: ClassVar[bool] = True
    search_space: ClassVar[Space] = {
        "max_depth": Between(3, 10),
        "learning_rate": Between(0.02, 0.3, log=True),
        "min_child_weight": Between(1.0, 100.0, log=True),
        "subsample": Between(0.5, 1.0),
        "colsample_bytree": Between(0.4, 1.0),
        "reg_lambda": Between(0.1, 20.0, log=True),
    }

    def __post_init__(self) -> None:
        check_extra(self, ALIASES, OURS)

    def check(self, task: str) -> None:
        """Refuse an objective that does not answer the task."""
        check_objective(task, self.objective)

    def fit(self, data: Training, terms: Terms) -> Trained:
        """Train on `data.train`, watching the holdout and, with early stopping, the newest training span.

        Goes on from a checkpoint of the same training. Errors: `SpecError` for parameters that XGBoost does not take,
        `NoGpu` for a GPU that is not there.
        """
        import xgboost

        built_with_cuda = bool(xgboost.build_info().get("USE_CUDA"))
        where, threads = choose(terms.device, built_with_cuda=built_with_cuda), cores()
        terms.progress(f"training on {f'the CPU, {threads} threads' if where == 'cpu' else 'a GPU'}")
        params = self._params(data) | {"device": where, "nthread": threads, "seed": terms.seed, "verbosity": 1}
        begin = perf_counter()
        with in_our_words():
            refuse_unknown(params)
            trees, peak = self._trees(data, threads), Peak()
            keeping = choose_keeping(data, trees, terms) if where == "cpu" else ELSEWHERE
            with open_matrices(data, trees, keeping, terms) as binned:
                booster, measured = self._grow(data, params, binned, terms)
                model, importance = bytes(booster.save_raw("ubj")), _importance(booster, data.names)
        return Trained(
            model=model,
            device=where,
            threads=threads,
            seconds=perf_counter() - begin,
            rounds=booster.num_boosted_rounds(),
            curves={name: tuple(curve) for name, curve in measured.items()},
            importance=importance,
            facts={**keeping.facts(peak.bytes()), "chunk_rounds": str(CHUNK)},
        )

    def fewest_rows(self, task: str) -> int:
        """Below so many rows no tree can be split: each side wants `min_child_weight`, and a row brings at most 1, a
        quarter if binary (the logistic loss' second derivative). Says nothing where `extra` weighs rows anew."""
        a_row = 0.25 if task == "binary" else 1.0
        return 2 if self.extra else max(2, ceil(2 * self.min_child_weight / a_row))

    def _grow(
        self, data: Training, params: dict[str, Any], binned: Binned, terms: Terms
    ) -> tuple[Any, dict[str, list[float]]]:
        """The booster to keep and its curves: with early stopping it ends at the best round, and the curves go on."""
        learnt = binned.learnt()
        watched = {
            "train": binned.watched(sample(data.train, data.holdout.rows), learnt),
            "holdout": binned.watched(data.holdout, learnt),
        }
        what, gradients = what_grows(params, data), own(data.objective)
        growth = Growth(params, self.rounds, learnt, watched, what, base=data.base, objective=gradients)
        if data.stop is None:
            return grow(growth, terms)
        watched["stop"] = binned.watched(data.stop.part, learnt)
        patience = Patience(f"stop_{params['eval_metric'][-1]}", data.stop.patience)
        booster, measured = grow(replace(growth, patience=patience), terms)
        best, seen = patience.best(measured), len(measured[patience.curve])
        terms.progress(f"best after {best} of {seen} rounds on the newest training span")
        if best == seen:
            return booster, measured
        if params.get("booster") == "dart":  # later rounds have changed the weights of earlier trees: grow those again
            return grow(replace(growth, most=best), replace(terms, checkpoints=Forgetful()))[0], measured
        return booster[: growth.before + best], measured

    def _trees(self, data: Training, threads: int) -> Trees:
        outputs = max(1, len(data.classes), len(data.quantiles))
        sampled = self.subsample < 1
        return Trees(self.max_bin, self.max_depth, self.rounds, outputs, sampled, threads, tuple(data.kinds))

    @staticmethod
    def load(path: Path) -> Scorer:
        """A saved model, ready to score. Check its hash first. Errors: `Corrupted` if XGBoost cannot read it."""
        import xgboost

        booster, data = xgboost.Booster(), path.read_bytes()
        # XGBoost may end the process when it reads half a model
        if not (data.startswith(BEGIN) and LAST in data[-64:] and data.endswith(END)):
            raise Corrupted(f"{path} is not a model that XGBoost {xgboost.__version__} can read: it is not whole")
        try:
            booster.load_model(bytearray(data))
        except (xgboost.core.XGBoostError, UnicodeDecodeError) as error:  # its complaint may quote the file's bytes
            raise Corrupted(f"{path} is not a model that XGBoost {xgboost.__version__} can read: {error}") from error
        return _Scorer(booster)

    def _params(self, data: Training) -> dict[str, Any]:
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in NO_PARAMETERS}
        constrained = constraints(data.names, data.kinds, self.monotone, self.interactions)
        return {**objective(data, self.objective), "tree_method": "hist", **settings, **constrained, **self.extra}


@dataclass(frozen=True)
class _Scorer:
    booster: Any

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Straight from the array: a category's code is compared as it is, just as in training."""
        scores: NDArray[np.float64] = self.booster.inplace_predict(matrix, validate_features=False).astype("float64")
        return scores

    def compiled(self) -> Compiled | str:
        """In ONNX Runtime."""
        return compiled(self.booster)

    def contributions(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """XGBoost's own Shapley values of trees, exact; on the CPU, whatever the model was trained on."""
        import xgboost

        names, kinds = self.booster.feature_names, self.booster.feature_types
        data = xgboost.DMatrix(matrix, feature_names=names, feature_types=kinds, enable_categorical=True)
        found = self.booster.predict(data, pred_contribs=True).astype("float64")
        shaped: NDArray[np.float64] = found.reshape(len(matrix), -1, matrix.shape[1] + 1)
        return shaped[:, :, :-1]

    def importance(self) -> NDArray[np.float64]:
        """By total gain."""
        import numpy as np

        gain = self.booster.get_score(importance_type="total_gain")
        found = np.array([gain.get(name, 0.0) for name in self.booster.feature_names])
        return found / (found.sum() or 1.0)


def _importance(booster: Any, names: Any) -> dict[str, float]:
    return dict(zip(names, _Scorer(booster).importance().tolist(), strict=True))
