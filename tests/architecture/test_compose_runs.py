"""The production shape, run: every service of docker-compose.yaml as a plain process, with PostgreSQL, Redis and S3.

Each process gets its own command and environment from the file; only hosts, ports and folders are put in place of the
containers'. A DAG run then goes through scheduler, Redis, Celery worker, triggerer and API server.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from everfit.errors import DeployError
from everfit.stores.s3 import connect
from everfit.targets.everfit_server import EverfitServer
from everfit.values import Route
from tests.architecture.compose import HOME, PROJECT, filled, load
from tools.land_flights import land
from tools.local import processes
from tools.local.airflow_api import Airflow, TaskInstance
from tools.local.environment import process_environment
from tools.local.ports import any_port
from tools.local.processes import Recorded

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]

MODEL = "flight_minutes"

DAG = """
from datetime import timedelta

from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import BaseHook, dag, task


@dag(schedule=None, catchup=False)
def production_shape():
    @task
    def seen():
        import os
        import sys

        return {
            "at once": os.environ["AIRFLOW__CELERY__WORKER_CONCURRENCY"],
            "preloaded": "everfit_airflow.preload" in sys.modules and "xgboost" in sys.modules,
            "store": BaseHook.get_connection("everfit_store").extra_dejson["url"],
            "spins": os.environ["OMP_WAIT_POLICY"],
        }

    @task(queue="gpu", pool="gpu")
    def on_the_gpu_queue():
        import os

        return os.environ["AIRFLOW__CELERY__WORKER_CONCURRENCY"]

    wait = TimeDeltaSensor(task_id="wait", delta=timedelta(seconds=3), deferrable=True)
    [seen(), wait] >> on_the_gpu_queue()


production_shape()
"""


class Shape:
    """Every service of the file, started here."""

    def __init__(self, tmp: Path) -> None:
        self.tmp = tmp
        self.values = filled() | {"WORKER_QUEUES": "default"}  # as .env says where there are GPU workers
        self.services = load("docker-compose.yaml", self.values)
        self.ports = {
            name: any_port()
            for name in ("postgres", "redis", "s3", "mlflow", "apiserver", "server", "health", "prometheus")
        }
        self.started: list[Recorded] = []
        for folder in ("dags", "logs", "data", "home"):
            (tmp / folder).mkdir()
        (tmp / "dags" / "production_shape.py").write_text(DAG)
        shutil.copy(PROJECT / "dags" / f"{MODEL}.py", tmp / "dags")
        for rules in ("prometheus.yml", "alerts.yml"):
            (tmp / rules).write_text(self.here((PROJECT / "include" / "monitoring" / rules).read_text()))
        (tmp / "airflow_settings.yaml").write_text(self.here((PROJECT / "airflow_settings.yaml").read_text()))

    def here(self, text: str) -> str:
        """The text with this machine's hosts, ports and folders in place of the containers'."""
        swaps = {
            "postgres:5432": f"127.0.0.1:{self.ports['postgres']}",
            "redis:6379": f"127.0.0.1:{self.ports['redis']}",
            "s3:8333": f"127.0.0.1:{self.ports['s3']}",
            "mlflow:5000": f"127.0.0.1:{self.ports['mlflow']}",
            "localhost:5000": f"127.0.0.1:{self.ports['mlflow']}",
            "airflow-apiserver:8080": f"127.0.0.1:{self.ports['apiserver']}",
            "localhost:8080": f"127.0.0.1:{self.ports['apiserver']}",
            "localhost:8000": f"127.0.0.1:{self.ports['server']}",
            "localhost:8974": f"127.0.0.1:{self.ports['health']}",
            "model-server:8000": f"127.0.0.1:{self.ports['server']}",
            "localhost:9090": f"127.0.0.1:{self.ports['prometheus']}",
            "0.0.0.0:9090": f"127.0.0.1:{self.ports['prometheus']}",
            "/etc/prometheus": str(self.tmp),
            "tsdb.path=/prometheus": f"tsdb.path={self.tmp}/prometheus",
            "/tmp/scrape_token": f"{self.tmp}/scrape_token",
            "conn_host: mlflow": "conn_host: 127.0.0.1",
            "conn_host: model-server": "conn_host: 127.0.0.1",
            "conn_port: 5000": f"conn_port: {self.ports['mlflow']}",
            "conn_port: 8000": f"conn_port: {self.ports['server']}",
            "0.0.0.0": "127.0.0.1",
            f"{HOME}/dags": str(self.tmp / "dags"),
            f"{HOME}/logs": str(self.tmp / "logs"),
            f"{HOME}/include": str(PROJECT / "include"),
            f"{HOME}/plugins": str(PROJECT / "plugins"),
            "/tmp/everfit": str(self.tmp / "work"),
        }
        return re.sub("|".join(map(re.escape, swaps)), lambda found: swaps[found[0]], text)

    def environment(self, service: str) -> dict[str, str]:
        ours = {name: self.here(str(value)) for name, value in self.services[service]["environment"].items()}
        ours |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOSTNAME": socket.gethostname()}
        ours["EVERFIT_SETTINGS"] = str(self.tmp / "airflow_settings.yaml")
        if "AIRFLOW_HOME" in ours:
            ours["PYTHONPATH"] = ours["PYTHONPATH"].replace(HOME, str(PROJECT))
            ours |= {
                "AIRFLOW_HOME": str(self.tmp / "home"),
                "AIRFLOW__API__PORT": str(self.ports["apiserver"]),
                "AIRFLOW__API__HOST": "127.0.0.1",
                "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(any_port()),
                "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(any_port()),
                "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports["health"]),
            }
        return process_environment(ours, os.environ, str(self.tmp))

    def command(self, service: str) -> list[str]:
        said = self.services[service]
        words = [self.here(word) for word in [*said.get("entrypoint", []), *said["command"]]]
        for option, port in {"5000": "mlflow", "8000": "server"}.items():
            words = [str(self.ports[port]) if word == option else word for word in words]
        return words

    def start(self, name: str, command: list[str] | None = None, environment: dict[str, str] | None = None) -> Recorded:
        words = command or self.command(name)
        program = shutil.which(words[0], path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        assert program, f"there is no {words[0]} here: run make packages"
        log = self.tmp / f"{name}.log"
        known = environment or self.environment(name)
        self.started.append(processes.start(name, [program, *words[1:]], known, log, self.tmp))
        return self.started[-1]

    def run(self, name: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in a service's environment, as `docker compose exec` would."""
        known = self.environment(name)
        program = shutil.which(command[0], path=known["PATH"]) or command[0]
        words = [program, *command[1:]]
        return subprocess.run(words, env=known, cwd=self.tmp, capture_output=True, text=True, check=False, timeout=120)

    def check_health(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run the service's own health check."""
        kind, *words = self.services[name]["healthcheck"]["test"]
        words = [self.here(word) for word in words]
        if words[0] == "redis-cli":
            words[1:1] = ["-p", str(self.ports["redis"])]
        return self.run(name, ["sh", "-c", words[0]] if kind == "CMD-SHELL" else words)

    def until(self, true: Callable[[], object], what: str, timeout: float = 90) -> None:
        deadline = time.monotonic() + timeout
        while not true():
            dead = [one.name for one in self.started if not processes.alive(one)]
            tails = "\n".join(f"--- {name}\n{processes.tail(self.tmp / f'{name}.log')}" for name in dead)
            assert not dead, f"{dead} ended while waiting for {what}:\n{tails}"
            if time.monotonic() > deadline:
                tails = "\n".join(f"--- {log.name}\n{processes.tail(log, 8)}" for log in sorted(self.tmp.glob("*.log")))
                raise AssertionError(f"not after {timeout:g} s: {what}\n{tails}")
            time.sleep(0.2)

    def answers(self, url: str) -> bool:
        try:
            return httpx.get(url, timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="module")
def shape() -> Iterator[Shape]:
    # PostgreSQL refuses to run as root, and no other user can look into pytest's own folder.
    with tempfile.TemporaryDirectory(prefix="everfit-shape-") as folder:
        Path(folder).chmod(0o755)
        shape = Shape(Path(folder))
        try:
            _databases(shape)
            _airflow(shape)
            yield shape
        finally:
            processes.end(shape.started, str(shape.tmp))


def _databases(shape: Shape) -> None:
    """PostgreSQL as its image sets it up, Redis by the file's own command, and a stand-in for SeaweedFS."""
    found = shutil.which("initdb") or max(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))
    postgres = Path(found).parent
    plain = process_environment({}, os.environ, str(shape.tmp))
    data, password = shape.tmp / "data", shape.tmp / "password"
    password.write_text(shape.values["POSTGRES_PASSWORD"])
    as_postgres = []
    if os.geteuid() == 0:
        for path in (data, password):
            shutil.chown(path, "postgres")
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    initdb = [
        f"{postgres}/initdb",
        "-D",
        str(data),
        "-U",
        "airflow",
        "-A",
        "scram-sha-256",
        f"--pwfile={password}",
        "-N",
    ]
    subprocess.run([*as_postgres, *initdb], env=plain, cwd="/", check=True, capture_output=True)
    port = str(shape.ports["postgres"])
    listen = ["-p", port, "-k", str(data), "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"]
    shape.start("postgres", [*as_postgres, f"{postgres}/postgres", "-D", str(data), *listen], plain)
    redis = [
        *shape.command("redis"),
        "--port",
        str(shape.ports["redis"]),
        "--dir",
        str(shape.tmp),
        "--bind",
        "127.0.0.1",
    ]
    shape.start("redis", redis)
    shape.start("s3", ["moto_server", "-H", "127.0.0.1", "-p", str(shape.ports["s3"])], plain)

    def psql(*words: str) -> int:
        login = plain | {"PGPASSWORD": shape.values["POSTGRES_PASSWORD"]}
        where = ["-h", "127.0.0.1", "-p", port, "-U", "airflow", "-v", "ON_ERROR_STOP=1"]
        return subprocess.run(["psql", *where, *words], env=login, capture_output=True, check=False).returncode

    shape.until(lambda: psql("-d", "postgres", "-c", "CREATE DATABASE airflow") == 0, "PostgreSQL")
    for script in sorted((PROJECT / "config/postgres").iterdir()):
        assert psql("-d", "airflow", "-f", str(script)) == 0, script
    shape.until(lambda: shape.answers(f"http://127.0.0.1:{shape.ports['s3']}/moto-api/"), "the S3 server")


def _airflow(shape: Shape) -> None:
    """First airflow-init by itself, then all others at once, as the file says."""
    service = shape.services["airflow-init"]
    (script,) = service["command"]
    done = shape.run("airflow-init", [*service["entrypoint"], script])
    assert done.returncode == 0, f"airflow-init failed:\n{(done.stdout + done.stderr)[-3000:]}"
    assert "keeps create-if-absent" in done.stdout
    for name in (
        "airflow-apiserver",
        "airflow-scheduler",
        "airflow-dag-processor",
        "airflow-triggerer",
        "airflow-worker",
    ):
        shape.start(name)
    # In containers each worker has a host name of its own; here they need names.
    shape.start("airflow-gpu-worker", [*shape.command("airflow-gpu-worker"), "--celery-hostname", "gpu@%h"])
    shape.start("mlflow")
    shape.until(lambda: shape.answers(f"http://127.0.0.1:{shape.ports['mlflow']}/health"), "MLflow")
    shape.start("model-server")
    shape.start("prometheus")


def test_a_run_goes_through_celery_triggerer_and_gpu_queue(shape: Shape) -> None:
    health = f"http://127.0.0.1:{shape.ports['apiserver']}/api/v2/monitor/health"
    shape.until(lambda: shape.answers(health), "the API server")
    who = shape.values["ADMIN_USER"], shape.values["ADMIN_PASSWORD"]
    with Airflow(f"http://127.0.0.1:{shape.ports['apiserver']}", *who) as airflow:
        airflow.wait_for_dags("production_shape", timeout=90)
        run = airflow.wait(airflow.trigger("production_shape"), timeout=90)
        tasks = airflow.task_instances(run.dag, run.id)
        assert run.state == "success", "\n".join(airflow.log(task) for task in tasks)
        assert {task.task for task in tasks} == {"seen", "wait", "on_the_gpu_queue"}
        seen = airflow.xcom(run.dag, run.id, "seen")
        assert seen == {"preloaded": True, "store": "s3://everfit/store", "spins": "PASSIVE", "at once": "4"}
        assert airflow.xcom(run.dag, run.id, "on_the_gpu_queue") == 1, "the GPU worker does one task at a time"
        assert [pool["name"] for pool in airflow.get("/pools")["pools"]] == ["default_pool", "gpu"]
        (done,) = [task for task in tasks if task.task == "seen"]
        assert "Done. Returned value was" in airflow.log(done)


def test_a_models_own_dags_run_there_and_train_on_the_gpu_worker(shape: Shape, tmp_path: Path) -> None:
    """Two months land in S3; ingest settles them on the plain worker, and the GPU worker does the training alone."""
    upload(shape, tmp_path)
    who = shape.values["ADMIN_USER"], shape.values["ADMIN_PASSWORD"]
    with Airflow(f"http://127.0.0.1:{shape.ports['apiserver']}", *who) as airflow:
        airflow.wait_for_dags(f"{MODEL}_ingest", f"{MODEL}_train", timeout=90)

        def trained() -> list[str]:
            runs = airflow.runs(f"{MODEL}_train")
            tasks = [airflow.task_instances(run.dag, run.id) for run in runs]
            lost = [task for of in tasks for task in of if task.state in {"failed", "up_for_retry"}]
            assert not lost, airflow.log(lost[0])
            return [run.id for run, of in zip(runs, tasks, strict=True) if {"train", "judge"} <= done(of)]

        shape.until(trained, f"a candidate of {MODEL} was judged", timeout=240)
        run = trained()[0]
        answer = airflow.get(f"/dags/{MODEL}_train/dagRuns/{run}/taskInstances")["task_instances"]
        queues = {task["task_id"]: task["queue"] for task in answer}
        (train,) = [task for task in airflow.task_instances(f"{MODEL}_train", run) if task.task == "train"]
        said = airflow.log(train)
    assert {task for task, queue in queues.items() if queue == "gpu"} == {"train"}
    assert "trained on" in said
    gpu, plain = ((shape.tmp / f"{name}.log").read_text() for name in ("airflow-gpu-worker", "airflow-worker"))
    assert f"dag_id='{MODEL}_train'" in gpu
    assert "task_id='train'" in gpu
    assert "task_id='build_features'" not in gpu
    assert "task_id='build_features'" in plain
    assert "task_id='train'" not in plain


def done(tasks: list[TaskInstance]) -> set[str]:
    return {task.task for task in tasks if task.state == "success"}


def upload(shape: Shape, scratch: Path) -> None:
    """Two small months, as a source system would deliver them: the marker last."""
    environment = shape.environment("airflow-worker")
    keys = {"aws_access_key_id": environment["AWS_ACCESS_KEY_ID"], "region_name": "us-east-1"}
    secret = environment["AWS_SECRET_ACCESS_KEY"]
    client = connect(endpoint_url=f"http://127.0.0.1:{shape.ports['s3']}", aws_secret_access_key=secret, **keys)
    for month in land(scratch, ("2013-01", "2013-02"), 0.05):
        for file in sorted(month.iterdir(), key=lambda path: path.name == "_SUCCESS"):
            key = f"landing/{file.relative_to(scratch)}"
            client.put_object(Bucket="everfit", Key=key, Body=file.read_bytes())


@pytest.mark.parametrize(
    "name",
    [
        "redis",
        "airflow-apiserver",
        "airflow-scheduler",
        "airflow-dag-processor",
        "airflow-triggerer",
        "airflow-worker",
        "mlflow",
        "model-server",
        "prometheus",
    ],
)
def test_its_own_health_check_finds_each_service_well(shape: Shape, name: str) -> None:
    done = shape.check_health(name)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_prometheus_reads_the_model_server_with_its_token_and_nobody_does_without(shape: Shape) -> None:
    def up() -> bool:
        url = f"http://127.0.0.1:{shape.ports['prometheus']}/api/v1/query"
        found = httpx.get(url, params={"query": "up"}, timeout=5, trust_env=False).json()["data"]["result"]
        return [one["value"][1] for one in found] == ["1"]

    shape.until(up, "Prometheus has read the model server's numbers")
    server = f"http://127.0.0.1:{shape.ports['server']}"
    assert httpx.get(f"{server}/metrics", trust_env=False).status_code == 401
    reader = {"Authorization": f"Bearer {shape.values['MODEL_SERVER_READ_TOKEN']}"}
    assert httpx.post(f"{server}/models/any/refresh", headers=reader, trust_env=False).status_code == 403
    airflow = EverfitServer(server, token=shape.environment("airflow-worker")["EVERFIT_TOKEN"])
    with pytest.raises(DeployError, match="there is no model 'any'"):
        airflow.follow(Route("any"))


def test_mlflow_keeps_files_in_the_store(shape: Shape, tmp_path: Path) -> None:
    program = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
with mlflow.start_run() as run:
    mlflow.log_text("kept", "note.txt")
print(mlflow.artifacts.load_text(run.info.artifact_uri + "/note.txt"))
"""
    done = shape.run("airflow-worker", [sys.executable, "-c", program, f"http://127.0.0.1:{shape.ports['mlflow']}"])
    assert done.stdout.strip().endswith("kept"), done.stderr[-2000:]
