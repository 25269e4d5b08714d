"""everfit: machine-learning models that stay fit, by decisions that carry their evidence.

Plain Python with no Airflow in it; `everfit_airflow` holds the doors to Airflow.
"""
