"""Score candidate, champion and baseline on the same holdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit_airflow import openlineage
from everfit_airflow.handover import Handed, give, take
from everfit_airflow.links.mlflow_run import MlflowRunLink
from everfit_airflow.logs import say, say_all
from everfit_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class EvaluateModelOperator(TrainingOperator):
    """Gather the evidence: scores of candidate, champion and a trivial baseline on the same rows of the same holdout.

    :param features: what `BuildFeaturesOperator` returned.
    :param candidate: what `TrainModelOperator` returned.
    """

    template_fields: Sequence[str] = ("model", "run", "features", "candidate")
    operator_extra_links = (MlflowRunLink(),)

    def __init__(self, *, features: Handed, candidate: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.features, self.candidate = features, candidate

    def work(self, ports: Ports, spec: ModelSpec, run: RunTriggered, context: Context) -> dict[str, Any]:
        """Evaluate and hand over."""
        from everfit.steps.evaluate import evaluate
        from everfit.steps.snapshot import snapshot_of
        from everfit.values import Candidate, Features

        features, candidate = take(ports, Features, self.features), take(ports, Candidate, self.candidate)
        with self.spending(ports, "evaluate") as account:
            account.run, account.mlflow_run = run.run, candidate.mlflow_run
            evaluation = evaluate(ports, spec, snapshot_of(spec, run), features, candidate, say)
        self.tell(openlineage.evaluated, features, evaluation)
        MlflowRunLink.remember(context, ports.registry.run_url(candidate.mlflow_run))
        say_all(
            f"{evaluation.holdout_rows:,} rows of holdout",
            [
                f"{who:<10}" + "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
                for who, metrics in evaluation.metrics.items()
            ],
        )
        return give(ports, context, evaluation, champion=evaluation.champion, metrics=dict(evaluation.metrics))
