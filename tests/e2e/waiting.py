"""Waiting for what a running Airflow will do."""

import time

from tools.local.airflow_api import Airflow


def until(airflow: Airflow, true, what: str, timeout: float):
    """Poll until `true()` is something, and return it."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.3)
    runs = [(run.dag, run.id, run.state) for run in airflow.runs("~", limit=30)]
    raise AssertionError(f"not within {timeout} s: {what}; runs: {runs}")
