"""Airflow DAGs for all models together: pointers to their data in git, room on the disk, alerts."""

from everfit_airflow import build_shared_dags

globals().update(build_shared_dags())
