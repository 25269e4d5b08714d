"""Airflow DAGs of the model flight_delays: will this flight arrive more than 15 minutes late?"""

from everfit_airflow import build_dags

globals().update(build_dags("flight_delays"))
