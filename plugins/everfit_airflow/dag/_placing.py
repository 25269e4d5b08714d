"""Where the tasks of a model's DAGs run: pools, queues, executors and pods, as the spec's `runs_on` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, conf, get_parsing_context

from everfit.errors import SpecError, UnknownName
from everfit.spec import TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.sdk import DAG

    from everfit.spec import ModelSpec

GPU = "gpu"
"""The queue of the tasks that train, unless the spec says `device: cpu`."""
GPU_RESOURCE = "nvidia.com/gpu"
TRAINING = ("search", "train")
BASE = "base"
"""What Airflow's KubernetesExecutor names the container of the task."""


def place_tasks(dags: Iterable[DAG], spec: ModelSpec) -> None:
    """Put every task where the spec says, and those that train where their device wants them.

    Errors: `UnknownName` for a task that none of the DAGs has, `SpecError` for a pod that Kubernetes would not take.
    """
    tasks = {task.task_id: task for dag in dags for task in dag.tasks}
    whole_model = get_parsing_context().dag_id is None  # a worker builds only the DAG of its task
    if whole_model and (unknown := sorted(set(spec.runs_on) - set(tasks))):
        raise UnknownName(f"task of {spec.name} (spec: runs_on)", unknown[0], tasks)
    for name, task in tasks.items():
        wanted, trains = spec.runs_on.get(name, TaskSpec()), name in TRAINING
        if trains and (wanted.pool or wanted.slots):  # the line in front of the pool looks there
            raise SpecError(f"{spec.name}: runs_on.{name}: the pool of what trains is train.pool: write it there")
        given: dict[str, Any] = {
            "pool": wanted.pool,
            "pool_slots": wanted.slots,
            "queue": wanted.queue or (_queue(spec) if trains else None),
            "executor": wanted.executor,
        }
        # Who makes pods reads them from the parsed DAG; the task itself need not pay for the Kubernetes client.
        if whole_model and "KubernetesExecutor" in conf.get("core", "executor"):
            manifest = pod(wanted, _resources(spec) if trains else {})
            if manifest:
                given["executor_config"] = {"pod_override": _checked(manifest, f"{spec.name}: runs_on.{name}.pod")}
        _give(task, {key: value for key, value in given.items() if value is not None})


def _give(task: Any, given: Mapping[str, Any]) -> None:
    if isinstance(task, BaseOperator):
        for key, value in given.items():
            setattr(task, key, value)
    else:  # a mapped task has no attributes of its own before it is expanded
        task.partial_kwargs.update(given)


def pod(wanted: TaskSpec, resources: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest that Airflow lays over a task's pod, {} if there is nothing to say.

    `resources` are what the task asks for where the spec does not name a device itself. A container may use more CPU
    than it asked for as long as nobody else wants it, but no more memory and no more GPUs.
    """
    asked = {name: str(amount) for name, amount in wanted.resources.items()}
    if not any("/" in name for name in asked):
        asked |= {name: str(amount) for name, amount in resources.items()}
    if not asked and not wanted.pod:
        return {}
    said = {"metadata": {}, "spec": {}, **wanted.pod}
    containers = [dict(one) for one in said["spec"].get("containers") or ()]
    others = [one for one in containers if one.get("name", BASE) != BASE]
    base = next((one for one in containers if one.get("name", BASE) == BASE), {})
    mine = {"requests": asked, "limits": {name: amount for name, amount in asked.items() if name != "cpu"}}
    theirs = base.get("resources") or {}
    merged = {what: {**amounts, **(theirs.get(what) or {})} for what, amounts in mine.items()}
    base = {**base, "name": BASE, "resources": {**theirs, **merged}}
    return {**said, "spec": {**said["spec"], "containers": [base, *others]}}  # Airflow merges containers by place


def _queue(spec: ModelSpec) -> str:
    return "default" if spec.train.device == "cpu" else GPU


def _resources(spec: ModelSpec) -> dict[str, int]:
    """A GPU where one must be: Kubernetes shows a pod no GPU that it has not asked for, and a pod that asks where there
    is none waits for ever, so that `auto` asks for nothing."""
    return {GPU_RESOURCE: 1} if spec.train.device.startswith("cuda") else {}


def _checked(manifest: dict[str, Any], where: str) -> Any:
    """The manifest as the Kubernetes client's own object, which KubernetesExecutor wants; nothing in it may be lost."""
    from kubernetes.client import ApiClient, Configuration, V1Pod

    # As Airflow does it: the client reads plain data by a method without a public name (kubernetes-client/python#977),
    # and without a configuration of its own the pod cannot be sent to another process.
    client = ApiClient(configuration=Configuration())
    try:
        made = client._ApiClient__deserialize_model(manifest, V1Pod)
        lost = _lost(manifest, client.sanitize_for_serialization(made))
    except (ValueError, TypeError, AttributeError) as error:
        raise SpecError(f"{where}: is no pod that Kubernetes knows: {error}") from error
    if lost:
        raise SpecError(f"{where}: a pod has no {lost}; look at its spelling in the Kubernetes reference")
    return made


def _lost(said: Any, kept: Any, at: str = "") -> str:
    """The first key of `said` that the client did not keep, with the keys that lead to it; "" if all were kept."""
    if isinstance(said, Mapping):
        kept = kept if isinstance(kept, Mapping) else {}
        found = (
            f"{at}.{key}".lstrip(".")
            if key not in kept and value not in ({}, [], None)
            else _lost(value, kept.get(key), f"{at}.{key}")
            for key, value in said.items()
        )
        return next(filter(None, found), "")
    if isinstance(said, list):
        pairs = zip(said, kept if isinstance(kept, list) else (), strict=False)
        return next(filter(None, (_lost(a, b, f"{at}[{place}]") for place, (a, b) in enumerate(pairs))), "")
    return ""
