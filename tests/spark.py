"""A real Spark on this machine, with whatever it writes below a folder: in this process, or as a server."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from everfit.ports import Cluster
from tests.services import Service, free_port, running


@cache
def _scratch() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="everfit-test-spark-")


def cluster(workers: int = 2) -> Cluster:
    """The one session that a process can have: two workers in one process of Java, which ends with ours."""
    folder = Path(_scratch().name)
    conf = {
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.scheduler.barrier.maxConcurrentTasksCheck.interval": "1s",
    }
    return Cluster("local[2]", workers, conf)


@dataclass(frozen=True)
class ConnectServer:
    """A Spark Connect server with room for two workers, which knows nothing of everfit."""

    port: int
    events: Path

    def stages(self) -> list[tuple[int, bool]]:
        """What Spark itself wrote down of its work, oldest first: of each stage how many tasks it had, and whether
        these had to be at work at the same time."""
        (log,) = self.events.iterdir()
        told = [json.loads(line) for line in log.read_text().splitlines()]
        done = [one["Stage Info"] for one in told if one["Event"] == "SparkListenerStageCompleted"]
        return [(one["Number of Tasks"], any(rdd["Barrier"] for rdd in one["RDD Info"])) for one in done]


@contextmanager
def connect_server(folder: Path) -> Iterator[ConnectServer]:
    """A server of its own process, as a team runs one for many; about 4 s to start."""
    import pyspark

    home, port, events = Path(pyspark.__file__).parent, free_port(), folder / "events"
    events.mkdir(parents=True)
    conf = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.driver.memory": "1g",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": events.as_uri(),
        "spark.eventLog.enabled": "true",
        "spark.eventLog.rolling.enabled": "false",
        "spark.local.dir": folder / "local",
        "spark.sql.warehouse.dir": folder / "warehouse",
        "spark.ui.enabled": "false",
    }
    command = [str(home / "bin/spark-submit"), "--master", "local[2]"]
    for name, value in conf.items():
        command += ["--conf", f"{name}={value}"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    env = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": ""}
    with running(_Listening(command, f"sc://127.0.0.1:{port}", "", folder / "server.log", env)):
        yield ConnectServer(port, events)


class _Listening(Service):
    """A server that speaks no HTTP: it is up when it takes connections."""

    def _status(self) -> int:
        try:
            with socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2])), timeout=2):
                return 200
        except OSError:
            return 0
