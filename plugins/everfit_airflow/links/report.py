"""The button that opens a task's report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

from everfit_airflow.links.kept import page_of

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context
    from airflow.sdk.types import TaskInstanceKey


class ReportLink(BaseOperatorLink):
    """Opens the validation report of a batch, or the gates' report on a candidate, inside Airflow.

    The page comes from the store through everfit's own view, so it asks for Airflow's login like every other page.
    """

    name = "Report"
    KEY = "everfit_report"

    @classmethod
    def remember(cls, context: Context, key: str) -> None:
        """Called by the task once the report is in the store under `key`."""
        context["ti"].xcom_push(cls.KEY, key)

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 the signature is Airflow's
        """The address under Airflow's own; empty (no button) when the task has no report."""
        return page_of(ti_key, self.KEY)
