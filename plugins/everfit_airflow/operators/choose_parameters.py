"""Choose the parameters that a search has found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit_airflow.logs import say_all
from everfit_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class ChooseParametersOperator(TrainingOperator):
    """Choose the parameters of the best trial of a run's search: `TrainModelOperator` trains with them."""

    ui_color = "#ffe8c2"

    def work(self, ports: Ports, spec: ModelSpec, run: RunTriggered, context: Context) -> dict[str, Any]:  # noqa: ARG002
        """Choose once; returns the choice for people to read."""
        from everfit.steps.choose import choose

        found = choose(ports, spec, run.run)
        say_all(
            f"trial {found.trial + 1} of {found.trials} ({found.pruned} cut short): {found.metric} {found.value:.4f}; "
            f"all of them took {found.seconds:.1f} s",
            [f"{name:<20} {value}" for name, value in found.params.items()],
        )
        return {"trial": found.trial, found.metric: found.value, "params": dict(found.params)}
