"""Airflow DAGs of the model flight_minutes: how long will this flight take?"""

from everfit_airflow import build_dags

globals().update(build_dags("flight_minutes"))
