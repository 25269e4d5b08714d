"""Says how training goes: about ten times, whatever the number of rounds."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from everfit.ports import Progress

TIMES = 10


@dataclass(frozen=True)
class Rounds:
    """A watch over `rounds` rounds of boosting."""

    rounds: int
    progress: Progress

    def callback(self) -> Any:
        """The watch as XGBoost takes it."""
        from xgboost.callback import TrainingCallback

        watch, begin = self, perf_counter()

        class Say(TrainingCallback):  # type: ignore[misc]
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
                watch.say(epoch + 1, evals_log, perf_counter() - begin)
                return False

        return Say()

    def say(self, done: int, curves: Any, seconds: float) -> None:
        """One line at every tenth of the way: round, metric, speed and time left."""
        if done * TIMES // self.rounds == (done - 1) * TIMES // self.rounds:
            return
        name, curve = next(iter(curves["holdout"].items()))
        rate = done / max(seconds, 1e-9)
        left = f", {(self.rounds - done) / rate:.0f} s left" if done < self.rounds else ""
        self.progress(
            f"round {done} of {self.rounds}: {name} {curve[-1]:.4f} on the holdout, {rate:.0f} rounds/s{left}"
        )
