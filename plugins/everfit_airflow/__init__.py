"""everfit's doors to Airflow: DAGs, operators, sensors, triggers, hooks and links.

A DAG file needs one name from here:

    from everfit_airflow import build_dags

    globals().update(build_dags("flight_delays"))

One file of an installation calls `build_shared_dags()`: the DAGs that look after all models together.

Everything heavy is imported inside the tasks, never when a DAG file or the plugin is parsed.
"""

from everfit_airflow.dag import build_dags, build_shared_dags

__all__ = ["build_dags", "build_shared_dags"]
