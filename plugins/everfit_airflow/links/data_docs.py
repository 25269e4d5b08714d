"""The button that opens Great Expectations' own page about a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

from everfit_airflow.links.kept import page_of

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context
    from airflow.sdk.types import TaskInstanceKey


class DataDocsLink(BaseOperatorLink):
    """Opens the Data Docs of a batch inside Airflow: every expectation in GX's own words, with what GX observed.

    The page is made when it is first asked for, which takes some seconds; from then on it comes from the store.
    """

    name = "Data Docs"
    KEY = "everfit_data_docs"

    @classmethod
    def remember(cls, context: Context, key: str) -> None:
        """Called by the task once the results are in the store; `key` is `Inspection.data_docs`."""
        context["ti"].xcom_push(cls.KEY, key)

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 the signature is Airflow's
        """The address under Airflow's own; empty (no button) when the batch was not checked."""
        return page_of(ti_key, self.KEY)
