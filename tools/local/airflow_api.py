"""A small client of Airflow's REST API: what the local stack, the demo and the end-to-end tests need of it.

One client at a time should change things: on SQLite, parallel changes can freeze the API server for seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from tools.local.errors import StackError
from tools.local.settings import Settings

ENDED = frozenset({"success", "failed"})


@dataclass(frozen=True)
class Run:
    """One DAG run; `start` and `end` are None until it started or ended."""

    dag: str
    id: str
    state: str
    queued: datetime | None
    start: datetime | None
    end: datetime | None
    conf: Mapping[str, Any]
    kind: str

    @property
    def ended(self) -> bool:
        """Whether the run is over, well or not."""
        return self.state in ENDED


@dataclass(frozen=True)
class TaskInstance:
    """One task of a run; `state` is None before it is scheduled, `map_index` -1 if it is not mapped."""

    dag: str
    run: str
    task: str
    map_index: int
    state: str | None
    tries: int
    start: datetime | None
    end: datetime | None

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return (self.end - self.start).total_seconds() if self.start and self.end else 0.0


class Airflow:
    """Airflow at `url`, as one user; logs in at the first call and again when the token is no longer taken.

    Errors: `StackError` with Airflow's own words if it refuses, or if it does not answer.
    """

    def __init__(self, url: str, user: str, password: str, timeout: float = 30) -> None:
        self.url, self._user, self._password = url.rstrip("/"), user, password
        self._http = httpx.Client(base_url=self.url, timeout=timeout, trust_env=False)

    def __enter__(self) -> Airflow:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The answer to GET `/api/v2<path>`, for whatever has no method of its own here."""
        return self.call("GET", path, params=query)

    def call(self, method: str, path: str, **request: Any) -> Any:
        """The JSON that Airflow answers; `request` is what httpx takes (`json=`, `params=`)."""
        answer = self._send(method, path, request)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._http.headers.pop("Authorization", None)
            answer = self._send(method, path, request)
        if answer.is_error:
            raise StackError(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:2000]}")
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, request: Mapping[str, Any]) -> httpx.Response:
        try:
            if "Authorization" not in self._http.headers:
                self._log_in()
            return self._http.request(method, f"/api/v2{path}", **request)
        except httpx.HTTPError as error:
            raise StackError(f"Airflow at {self.url} does not answer {method} {path}: {error!r}") from error

    def _log_in(self) -> None:
        answer = self._http.post("/auth/token", json={"username": self._user, "password": self._password})
        if answer.is_error:
            raise StackError(
                f"Airflow at {self.url} does not let {self._user!r} in: {answer.status_code} {answer.text}"
            )
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def dags(self) -> list[str]:
        """The ids of all DAGs that the DAG processor has seen."""
        return [dag["dag_id"] for dag in self.get("/dags", limit=1000)["dags"]]

    def import_errors(self) -> dict[str, str]:
        """File name to stack trace, for every DAG file that does not load."""
        errors = self.get("/importErrors", limit=1000)["import_errors"]
        return {error["filename"]: error["stack_trace"] for error in errors}

    def wait_for_dags(self, *dags: str, timeout: float = 60) -> None:
        """Return once all of these DAGs are known; says which are not, and which files do not load."""

        def known() -> bool:
            return set(dags) <= set(self.dags())

        if not _until(known, timeout):
            errors = "\n".join(f"{file}: {trace}" for file, trace in self.import_errors().items()) or "none"
            raise StackError(
                f"no DAG {', '.join(sorted(set(dags) - set(self.dags())))} after {timeout:g} s; import errors: {errors}"
            )

    def pause(self, dag: str, paused: bool = True) -> None:
        """Pause a DAG, or let it go on."""
        self.call("PATCH", f"/dags/{dag}", json={"is_paused": paused})

    def trigger(
        self, dag: str, conf: Mapping[str, Any] | None = None, *, run: str | None = None, note: str | None = None
    ) -> Run:
        """Start a run by hand; `conf` holds the DAG's params, which Airflow checks."""
        body = {"logical_date": None, "conf": dict(conf or {}), "note": note}
        return _run(self.call("POST", f"/dags/{dag}/dagRuns", json=body | ({"dag_run_id": run} if run else {})))

    def runs(self, dag: str, limit: int = 100) -> list[Run]:
        """The runs of a DAG, the newest first; all DAGs with `~`."""
        answer = self.get(f"/dags/{dag}/dagRuns", limit=limit, order_by="-run_after")
        return [_run(one) for one in answer["dag_runs"]]

    def run(self, dag: str, run: str) -> Run:
        """One run as it is now."""
        return _run(self.get(f"/dags/{dag}/dagRuns/{run}"))

    def task_instances(self, dag: str, run: str) -> list[TaskInstance]:
        """The tasks of a run as they are now."""
        answer = self.get(f"/dags/{dag}/dagRuns/{run}/taskInstances", limit=1000)
        return [_task_instance(one) for one in answer["task_instances"]]

    def xcom(self, dag: str, run: str, task: str, key: str = "return_value", map_index: int = -1) -> Any:
        """What a task returned."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/{key}"
        return self.get(path, map_index=map_index, deserialize=True)["value"]

    def log(self, task: TaskInstance) -> str:
        """What a task said at its last try, as plain text."""
        path = f"/dags/{task.dag}/dagRuns/{task.run}/taskInstances/{task.task}/logs/{max(task.tries, 1)}"
        content = self.get(path, map_index=task.map_index, full_content=True)["content"]
        return "\n".join(_line(one) for one in content)

    def wait(self, run: Run, timeout: float = 600, watch: Callable[[Run], None] = lambda _: None) -> Run:
        """The run once it has ended; `watch` sees it at each look, about three times a second."""
        newest = run

        def over() -> bool:
            nonlocal newest
            newest = self.run(run.dag, run.id)
            watch(newest)
            return newest.ended

        if not _until(over, timeout):
            states = {task.task: task.state for task in self.task_instances(run.dag, run.id)}
            raise StackError(f"{run.dag} {run.id} is still {newest.state} after {timeout:g} s; its tasks: {states}")
        return newest

    def apply(self, settings: Settings) -> None:
        """Make pools, connections and variables what `settings` says; others stay as they are."""
        pools = [{"name": one.name, "slots": one.slots, "description": one.description, "include_deferred": False}
                 for one in settings.pools]  # fmt: skip
        connections = [
            {"connection_id": one.id, "conn_type": one.type, "host": one.host, "schema": one.schema, "login": one.login,
             "password": one.password, "port": one.port, "extra": json.dumps(one.extra) if one.extra else None}
            for one in settings.connections
        ]  # fmt: skip
        variables = [{"key": one.key, "value": one.value} for one in settings.variables]
        for path, entities in {"/pools": pools, "/connections": connections, "/variables": variables}.items():
            action = {"action": "create", "entities": entities, "action_on_existence": "overwrite"}
            answer = self.call("PATCH", path, json={"actions": [action]}) if entities else {}
            if errors := (answer.get("create") or {}).get("errors"):
                raise StackError(f"Airflow did not take {path[1:]} from airflow_settings.yaml: {errors}")


def _until(done: Callable[[], bool], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _run(one: Mapping[str, Any]) -> Run:
    return Run(
        one["dag_id"], one["dag_run_id"], one["state"], _time(one["queued_at"]), _time(one["start_date"]),
        _time(one["end_date"]), one["conf"] or {}, one["run_type"],
    )  # fmt: skip


def _task_instance(one: Mapping[str, Any]) -> TaskInstance:
    return TaskInstance(
        one["dag_id"], one["dag_run_id"], one["task_id"], one["map_index"], one["state"], one["try_number"],
        _time(one["start_date"]), _time(one["end_date"]),
    )  # fmt: skip


def _line(one: Any) -> str:
    if isinstance(one, str):
        return one
    rest = {key: value for key, value in one.items() if key not in {"event", "timestamp", "level", "logger"}}
    return f"{one.get('level', ''):8}{one['event']}" + (f" {rest}" if rest else "")
