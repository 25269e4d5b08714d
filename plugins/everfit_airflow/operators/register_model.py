"""Make a candidate that passed its gates a version of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit_airflow import openlineage
from everfit_airflow.assets import challenger_asset
from everfit_airflow.handover import Handed, take
from everfit_airflow.links.mlflow_run import MlflowRunLink
from everfit_airflow.logs import say, skip
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class RegisterModelOperator(StepOperator):
    """Register the judged candidate in MLflow as the challenger; skip when the gates said no.

    :param judgement: what `JudgeCandidateOperator` returned.
    """

    template_fields: Sequence[str] = ("model", "judgement")
    operator_extra_links = (MlflowRunLink(),)

    def __init__(self, *, model: str | ModelSpec, judgement: Handed, **kwargs: Any) -> None:
        name = model if isinstance(model, str) else model.name
        super().__init__(model=model, outlets=[challenger_asset(name)], **kwargs)
        self.judgement = judgement

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Register and announce the challenger."""
        from everfit.steps.register import register
        from everfit.values import Judgement

        judgement = take(ports, Judgement, self.judgement)
        MlflowRunLink.remember(context, ports.registry.run_url(judgement.candidate.mlflow_run))
        if not judgement.promote:
            skip(f"not registered: {judgement.reason}")
        with self.spending(ports, "register") as account:
            account.run, account.mlflow_run = judgement.candidate.run, judgement.candidate.mlflow_run
            version = register(ports, spec, judgement)
        self.tell(openlineage.registered, judgement, version.version)
        say(f"{spec.name} version {version.version} is the challenger")
        context["outlet_events"][challenger_asset(spec.name)].extra = {"version": version.version}
        return {"version": version.version}
