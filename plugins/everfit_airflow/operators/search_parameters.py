"""Search for better parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit_airflow.handover import Handed, take
from everfit_airflow.logs import say
from everfit_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class SearchParametersOperator(TrainingOperator):
    """Make trials of other parameters on the training batches of a run, until the budget in the spec is used up.

    Map it over workers to have several at once: `.expand(worker=[0, 1, 2])`. They share one study in the store. A
    worker that dies goes on where it was, and the trial that it was at is begun again.

    :param features: what `BuildFeaturesOperator` returned.
    :param worker: which of the workers this is, from 0.
    """

    template_fields: Sequence[str] = ("model", "run", "features")
    ui_color = "#ffe8c2"

    def __init__(self, *, features: Handed, worker: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.features, self.worker = features, worker

    def work(self, ports: Ports, spec: ModelSpec, run: RunTriggered, context: Context) -> int:  # noqa: ARG002
        """Make trials; returns how many."""
        from everfit.steps.line import training
        from everfit.steps.search import search
        from everfit.steps.snapshot import snapshot_of
        from everfit.values import Features

        features = take(ports, Features, self.features)
        with (
            training(ports.store, spec.train.pool_name, spec.name, run.run),
            self.spending(ports, "search", run.device) as account,
        ):
            account.run = run.run
            return search(ports, spec, snapshot_of(spec, run), features, run, self.worker, say, self.prices())
