"""Airflow DAGs for all models together: pointers to their data in git, and room on the disk."""

from everfit_airflow import build_shared_dags

globals().update(build_shared_dags())
