"""Import once what every task needs, in the process that task processes are forked from.

Set as `AIRFLOW__SCHEDULER__MP_FORKSERVER_PRELOAD` with the start method `forkserver`: LocalExecutor's workers then
start with all of this in memory, and a task does not pay seconds to import it again.
Nothing else may import this module.
"""

import contextlib
import os

# Threads do not survive a fork: libraries that would start some when imported are told not to.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

for name in (
    "airflow.__main__",
    "airflow.executors.local_executor",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.providers.standard.operators.empty",
    "pandas",
    "pyarrow.compute",
    "pyarrow.parquet",
    "mlflow",
    "mlflow.tracking",
    "xgboost",
    "matplotlib.pyplot",
    "scipy.stats",
    "httpx",
    "jinja2",
    "everfit_airflow.dag",
    "everfit_airflow.hooks.everfit",
    "everfit.spec",
    "everfit.steps.commit",
    "everfit.steps.validate",
    "everfit.steps.train",
):
    # A missing optional library must not take the scheduler down: the task that needs it will say so.
    with contextlib.suppress(ImportError):
        __import__(name)
