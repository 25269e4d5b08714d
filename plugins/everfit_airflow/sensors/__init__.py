"""Sensors, named by what they wait for."""

from everfit_airflow.sensors.new_batch import NewBatchSensor

__all__ = ["NewBatchSensor"]
