"""Let the gates speak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit_airflow import openlineage
from everfit_airflow.handover import Handed, give, take
from everfit_airflow.links.mlflow_run import MlflowRunLink
from everfit_airflow.links.report import ReportLink
from everfit_airflow.logs import say, say_all
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class JudgeCandidateOperator(StepOperator):
    """Put the evidence before every gate of the spec and record the judgement in the ledger.

    A candidate that fails is a result, not a failure: the task succeeds and says so.

    :param evaluation: what `EvaluateModelOperator` returned.
    """

    template_fields: Sequence[str] = ("model", "evaluation")
    operator_extra_links = (MlflowRunLink(), ReportLink())

    def __init__(self, *, evaluation: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.evaluation = evaluation

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Judge and hand over."""
        from everfit.steps.card import report_key
        from everfit.steps.judge import judge
        from everfit.steps.regret import in_short
        from everfit.values import Evaluation

        evaluation = take(ports, Evaluation, self.evaluation)
        with self.spending(ports, "judge") as account:
            account.run, account.mlflow_run = evaluation.candidate.run, evaluation.candidate.mlflow_run
            judgement = judge(ports, spec, evaluation)
        self.tell(openlineage.judged, judgement)
        MlflowRunLink.remember(context, ports.registry.run_url(evaluation.candidate.mlflow_run))
        ReportLink.remember(context, report_key(spec.name, evaluation.candidate.run))
        say_all(
            f"{len(judgement.verdicts)} gates",
            [f"{v.outcome.value:<12} {v.gate}: {v.reason}" for v in judgement.verdicts],
        )
        say(f"{'PROMOTE' if judgement.promote else 'KEEP THE CHAMPION'}: {judgement.reason}")
        if worth := in_short(ports, spec, evaluation.candidate.run):
            say(worth)
        return give(ports, context, judgement, promote=judgement.promote, entry=judgement.entry)
