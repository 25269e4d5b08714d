"""The algorithm `xgboost`: gradient-boosted trees."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from everfit.errors import Corrupted, SpecError, did_you_mean
from everfit.models import Part, Scorer, Trained, Training
from everfit.models._machine import choose, cores
from everfit.models._rounds import Rounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.ports import Progress

OBJECTIVES = {"binary": "binary:logistic", "regression": "reg:squarederror"}
METRICS = {"binary": ["auc", "logloss"], "regression": ["rmse", "mae"]}
OURS = {"objective", "eval_metric", "device", "nthread", "n_jobs", "seed", "random_state", "verbosity", "tree_method"}
ALIASES = {"eta": "learning_rate", "lambda": "reg_lambda", "alpha": "reg_alpha", "num_boost_round": "rounds"}

Share = Annotated[float, Field(gt=0, le=1)]
Weight = Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class XGBoost:
    """Gradient-boosted trees, grown on histograms, with native categories (Chen and Guestrin 2016).

    `rounds` trees of `max_depth`, each adding `learning_rate` of what it found; `subsample` of the rows and
    `colsample_bytree` of the columns are drawn for each. `min_child_weight`, `reg_lambda` and `reg_alpha` hold it back;
    `max_bin` is the number of histogram bins. `extra` takes more of XGBoost's parameters by their own names, such as
    `gamma` or `scale_pos_weight`. Equal data, parameters and seed give a byte-equal model, on any number of cores.
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
    extra: Mapping[str, Any] = field(default_factory=dict)

    file: ClassVar[str] = "model.ubj"

    def __post_init__(self) -> None:
        settings = {field.name for field in fields(self)}
        for name in self.extra:
            if (setting := ALIASES.get(name, name)) in settings:
                raise ValueError(f"extra.{name}: this is the setting {setting!r}: write it there")
            if name in OURS:
                raise ValueError(f"extra.{name}: everfit sets this itself; take it out")

    def fit(self, data: Training, device: str, seed: int, progress: Progress) -> Trained:
        """Train on `data.train`, watching `data.holdout`.

        Errors: `SpecError` for parameters that XGBoost does not take, `NoGpu` for a GPU that is not there.
        """
        import xgboost

        built_with_cuda = bool(xgboost.build_info().get("USE_CUDA"))
        where, threads = choose(device, built_with_cuda=built_with_cuda), cores()
        progress(f"training on {f'the CPU, {threads} threads' if where == 'cpu' else 'a GPU'}")
        params = self._params(data.task) | {"device": where, "nthread": threads, "seed": seed, "verbosity": 1}
        begin = perf_counter()
        curves: dict[str, dict[str, list[float]]] = {}
        with _in_our_words():
            _refuse_unknown(params)
            train = self._matrix(data, data.train, threads)
            # The curve needs no more rows than the holdout has; measuring all of them each round would cost more time
            # than the training itself.
            watched = self._matrix(data, data.train.sample(len(data.holdout.labels)), threads, ref=train)
            holdout = self._matrix(data, data.holdout, threads, ref=train)
            booster = xgboost.train(
                params,
                train,
                self.rounds,
                evals=[(watched, "train"), (holdout, "holdout")],
                evals_result=curves,
                verbose_eval=False,
                callbacks=[Rounds(self.rounds, progress).callback()],
            )
        return Trained(
            model=bytes(booster.save_raw("ubj")),
            device=where,
            threads=threads,
            seconds=perf_counter() - begin,
            curves={f"{part}_{name}": tuple(curve) for part, found in curves.items() for name, curve in found.items()},
            importance=_importance(booster, data.names),
        )

    @staticmethod
    def load(path: Path) -> Scorer:
        """A saved model, ready to score. Check its hash first. Errors: `Corrupted` if XGBoost cannot read it."""
        import xgboost

        booster = xgboost.Booster()
        try:
            booster.load_model(path)
        except xgboost.core.XGBoostError as error:
            raise Corrupted(f"{path} is not a model that XGBoost {xgboost.__version__} can read: {error}") from error
        return _Scorer(booster)

    def _params(self, task: str) -> dict[str, Any]:
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("rounds", "extra")}
        fixed = {"objective": OBJECTIVES[task], "eval_metric": METRICS[task], "tree_method": "hist"}
        return {**fixed, **settings, **self.extra}

    def _matrix(self, data: Training, part: Part, threads: int, ref: Any = None) -> Any:
        import xgboost

        return xgboost.QuantileDMatrix(
            part.matrix,
            part.labels,
            feature_names=list(data.names),
            feature_types=list(data.kinds),
            enable_categorical=True,
            max_bin=self.max_bin,
            nthread=threads,
            ref=ref,
        )


@dataclass(frozen=True)
class _Scorer:
    booster: Any

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Straight from the array: a category's code is compared as it is, just as in training."""
        scores: NDArray[np.float64] = self.booster.inplace_predict(matrix, validate_features=False).astype("float64")
        return scores


def _importance(booster: Any, names: Any) -> dict[str, float]:
    gain = booster.get_score(importance_type="total_gain")
    total = sum(gain.values()) or 1.0
    return {name: float(gain.get(name, 0.0)) / total for name in names}


def _refuse_unknown(params: Mapping[str, Any]) -> None:
    """XGBoost only warns of a parameter that it does not know: ask it about these, on a matrix of one row."""
    import numpy as np
    import xgboost

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        tiny = xgboost.DMatrix(np.zeros((1, 1), np.float32), np.zeros(1, np.float32), nthread=1)
        cpu = {**params, "device": "cpu", "nthread": 1}
        known = xgboost.train(cpu, tiny, 0).save_config()
    unknown = [
        name
        for line in said
        if "are not used" in str(line.message)
        for name in re.findall(r'"(\w+)"', str(line.message))
    ]
    if unknown:
        near = did_you_mean(unknown[0], set(re.findall(r'"(\w+)":"', known))).partition(" (known")[0]
        raise SpecError(f"train.params.extra: XGBoost {xgboost.__version__} has no parameter {unknown[0]!r}{near}")


@contextmanager
def _in_our_words() -> Iterator[None]:
    import xgboost

    try:
        yield
    except xgboost.core.XGBoostError as error:
        first = re.sub(r"^\[[\d:]+\] \S+ ", "", str(error).strip().splitlines()[0])
        raise SpecError(f"XGBoost {xgboost.__version__} refuses to train so: {first}; look at train.params") from error
