"""The rounds of boosting, in chunks: what a crash leaves is the state at the end of one.

XGBoost draws rows, columns and dropped trees from generators that are not in its model, so that a booster which is
loaded again draws otherwise than one which was never saved. Therefore every chunk of `CHUNK` rounds begins with new
generators, seeded by the seed and the number of the chunk, whether the booster was loaded just now or not. Then both
have the same state, and grow the same trees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from everfit.models.state import State, newest, pack
from everfit.models.terms import Round

if TYPE_CHECKING:
    from everfit.models import Training
    from everfit.models.terms import Terms

CHUNK = 20
"""Rounds between two states to go on from. Another number makes other models."""

RISING = {"auc", "aucpr", "pre", "map", "ndcg", "interval-regression-accuracy"}
"""XGBoost's metrics of which more is better."""


@dataclass(frozen=True)
class Patience:
    """When the rounds end early: once so many of them have not made a curve better than its best."""

    curve: str
    rounds: int

    def best(self, curves: Mapping[str, Sequence[float]]) -> int:
        """The round, from 1, at which the curve was best; the first of equal ones.

        >>> Patience("stop_auc", 2).best({"stop_auc": [0.6, 0.8, 0.7, 0.8]})
        2
        """
        curve = curves[self.curve]
        metric = self.curve.partition("_")[2].partition("@")[0].rstrip("-")
        return curve.index(max(curve) if metric in RISING else min(curve)) + 1

    def over(self, curves: Mapping[str, Sequence[float]]) -> bool:
        """Whether it is time to end.

        >>> curve = {"stop_logloss": [0.6, 0.5, 0.52, 0.51]}
        >>> Patience("stop_logloss", 2).over(curve), Patience("stop_logloss", 3).over(curve)
        (True, False)
        """
        return len(curves[self.curve]) - self.best(curves) >= self.rounds


@dataclass(frozen=True, eq=False)
class Growth:
    """What is grown: XGBoost's parameters with the seed, the rounds at most, the matrix, and those watched by name.

    `what` is all that decides the trees: a state that was kept for anything else is not gone on from. `base` is a model
    whose trees are there already; rounds and metrics count from it.
    """

    params: Mapping[str, Any]
    most: int
    learnt: Any
    watched: Mapping[str, Any]
    what: Mapping[str, object]
    patience: Patience | None = None
    base: bytes | None = None

    @property
    def before(self) -> int:
        """How many rounds the model has that it goes on from."""
        import xgboost

        return 0 if self.base is None else int(xgboost.Booster(model_file=bytearray(self.base)).num_boosted_rounds())


def what_grows(params: Mapping[str, Any], data: Training) -> dict[str, object]:
    """All that decides the trees and their curves. The number of threads does not, nor how the matrix is kept."""
    import xgboost

    return {
        "params": {name: value for name, value in params.items() if name not in ("device", "nthread", "verbosity")},
        "device": str(params["device"]).partition(":")[0],
        "rows": [data.train.rows, data.holdout.rows, data.stop.part.rows if data.stop else 0],
        "columns": [list(data.names), list(data.kinds)],
        "base": None if data.base is None else hashlib.sha256(data.base).hexdigest(),
        "chunk": CHUNK,
        "xgboost": xgboost.__version__,
    }


def grow(growth: Growth, terms: Terms) -> tuple[Any, dict[str, list[float]]]:
    """The booster after the last round, and its curves; goes on from the newest checkpoint if there is one."""
    state = newest(terms, growth.what, growth.most)
    booster = _begin(growth, state)
    curves = {name: list(curve) for name, curve in state.curves.items()} if state else {}
    for done in range(state.done if state else 0, growth.most):
        if growth.patience and curves and growth.patience.over(curves):
            break
        if done and done % CHUNK == 0:
            _renew(booster, _seed(growth.params["seed"], done // CHUNK))
        booster.update(growth.learnt, done)
        for name, value in _measured(booster, growth.watched, done):
            curves.setdefault(name, []).append(value)
        terms.each_round(Round(done + 1, growth.most, {name: curve[-1] for name, curve in curves.items()}))
        if (done + 1) % CHUNK == 0:
            terms.checkpoints.keep(done + 1, partial(_state, booster, done + 1, curves, growth))
    return booster, curves


def _begin(growth: Growth, state: State | None) -> Any:
    import xgboost

    matrices = [growth.learnt, *growth.watched.values()]
    done = state.done if state else 0
    params = {**growth.params, "seed": _seed(growth.params["seed"], done // CHUNK)}
    booster = xgboost.Booster(params, cache=matrices)
    if model := state.model if state else growth.base:
        booster.load_model(bytearray(model))
    if state and str(params["device"]).startswith("cuda"):
        _as_it_grew(booster, matrices, growth.before, done)
    return booster


def _as_it_grew(booster: Any, matrices: Sequence[Any], before: int, done: int) -> None:
    """A GPU sums the trees that it finds at once in another order than those which came one by one: let them come so.

    Each call adds the trees of the next round to the sums that the booster keeps of a matrix.
    """
    for round_ in range(before or 1, before + done + 1):
        for matrix in matrices:
            booster.predict(matrix, output_margin=True, iteration_range=(0, round_))


def _seed(seed: int, chunk: int) -> int:
    """Two chunks in a row never have the same, since XGBoost begins anew only with another one."""
    return (int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:4], "big") + chunk) % 2**31


def _renew(booster: Any, seed: int) -> None:
    """New generators, as a new booster has. Those of columns live as long as the method that grows trees: change it,
    and change it back. The sums over the trees so far are kept, which a booster loaded anew would have to make again.
    """
    booster.set_param({"tree_method": "approx"})
    booster.save_config()  # only now does a booster do what its parameters say
    booster.set_param({"tree_method": "hist", "seed": seed})
    booster.save_config()


def _state(booster: Any, done: int, curves: Mapping[str, Sequence[float]], growth: Growth) -> bytes:
    return pack(State(done, bytes(booster.save_raw("ubj")), curves), growth.what)


def _measured(booster: Any, watched: Mapping[str, Any], done: int) -> list[tuple[str, float]]:
    """XGBoost's own measures after a round by `<part>_<metric>`."""
    said = booster.eval_set([(matrix, name) for name, matrix in watched.items()], done)
    found = (word.rpartition(":") for word in said.split()[1:])
    return [(name.replace("-", "_", 1), float(value)) for name, _, value in found]
