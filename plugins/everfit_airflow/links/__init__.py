"""Buttons on the task page."""

from everfit_airflow.links.data_docs import DataDocsLink
from everfit_airflow.links.mlflow_run import MlflowRunLink
from everfit_airflow.links.report import ReportLink

__all__ = ["DataDocsLink", "MlflowRunLink", "ReportLink"]
