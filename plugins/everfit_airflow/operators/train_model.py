"""Train a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit_airflow import openlineage
from everfit_airflow.handover import Handed, give, take
from everfit_airflow.links.mlflow_run import MlflowRunLink
from everfit_airflow.logs import say
from everfit_airflow.operators.training import TrainingOperator
from everfit_airflow.whereabouts import say_where, teller

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class TrainModelOperator(TrainingOperator):
    """Train a candidate on the features of a run and log it to MLflow; on a GPU if there is one.

    A try whose process was killed is gone on with by the next one, from its newest checkpoint, to the same bytes.

    Put it into the pool and the queue of your GPU workers (`pool="gpu", queue="gpu"`), as everfit's own DAGs do. As it
    begins, the next run in the line of the pool has its turn (`WaitForTurnOperator`).

    :param features: what `BuildFeaturesOperator` returned.
    """

    template_fields: Sequence[str] = ("model", "run", "features")
    operator_extra_links = (MlflowRunLink(),)
    ui_color = "#ffe8c2"

    def __init__(self, *, features: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.features = features

    def work(self, ports: Ports, spec: ModelSpec, run: RunTriggered, context: Context) -> dict[str, Any]:
        """Train and hand over."""
        from everfit.steps.line import training
        from everfit.steps.snapshot import snapshot_of
        from everfit.steps.train import train
        from everfit.values import Features

        features = take(ports, Features, self.features)
        say_where(context)
        snapshot = snapshot_of(spec, run)
        with (
            training(ports.store, spec.train.pool_name, spec.name, run.run),
            self.spending(ports, "train", run.device) as account,
        ):
            account.run = run.run
            candidate = train(ports, spec, snapshot, features, run.run, run.device, say, teller(context))
            account.mlflow_run = candidate.mlflow_run
        self.tell(openlineage.trained, features, candidate)
        MlflowRunLink.remember(context, ports.registry.run_url(candidate.mlflow_run))
        say(f"trained on {candidate.device} in {candidate.seconds:.1f} s; MLflow run {candidate.mlflow_run}")
        return give(ports, context, candidate, mlflow_run=candidate.mlflow_run, device=candidate.device)
