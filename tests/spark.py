"""A real Spark on this machine: two workers in one process of Java, with whatever it writes below a folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from everfit.ports import Cluster


@cache
def _scratch() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="everfit-test-spark-")


def cluster(workers: int = 2) -> Cluster:
    """The one session that a process can have; its JVM ends with the process."""
    folder = Path(_scratch().name)
    conf = {
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.scheduler.barrier.maxConcurrentTasksCheck.interval": "1s",
    }
    return Cluster("local[2]", workers, conf)
