"""The button that opens the MLflow run of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

from everfit_airflow.links.kept import kept

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context
    from airflow.sdk.types import TaskInstanceKey


class MlflowRunLink(BaseOperatorLink):
    """Opens the run's page in MLflow: parameters, curves, plots, model, lineage."""

    name = "MLflow run"
    KEY = "everfit_mlflow_run"

    @classmethod
    def remember(cls, context: Context, url: str) -> None:
        """Called by the task once it knows the address."""
        context["ti"].xcom_push(cls.KEY, url)

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 the signature is Airflow's
        """The address; empty (no button) when the task got none."""
        return kept(ti_key, self.KEY)
