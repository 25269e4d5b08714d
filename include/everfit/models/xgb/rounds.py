"""The rounds of boosting, and telling of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.models.terms import Round

if TYPE_CHECKING:
    from everfit.models.terms import EachRound


def teller(most: int, each_round: EachRound) -> Any:
    """`each_round` as XGBoost takes it."""
    from xgboost.callback import TrainingCallback

    class Tell(TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
            each_round(Round(epoch + 1, most, {name: curve[-1] for name, curve in curves(evals_log).items()}))
            return False

    return Tell()


def curves(evals_log: Any) -> dict[str, list[float]]:
    """XGBoost's record of the rounds by `<part>_<metric>`; `ndcg@10` is called `ndcg_at_10`, as registries want it."""
    return {
        f"{part}_{name.replace('@', '_at_')}": curve
        for part, found in evals_log.items()
        for name, curve in found.items()
    }
