"""The button that opens a task's report."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow.sdk import BaseOperatorLink

from everfit_airflow.links.kept import kept

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
        key = kept(ti_key, self.KEY)
        return f"{path_of_airflow()}/everfit/{key}" if key else ""


def path_of_airflow() -> str:
    """Where Airflow is on its host: "" at the top, `/team` where it shares the host with others, as on Astro."""
    from airflow.sdk.configuration import conf

    return urlsplit(str(conf.get("api", "base_url", fallback=""))).path.rstrip("/")
