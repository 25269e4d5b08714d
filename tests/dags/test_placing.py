"""Where tasks run, as Airflow keeps it and as its executors would take it."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from everfit.errors import SpecError, UnknownName
from everfit.spec import TaskSpec, TrainSpec, load_spec
from everfit_airflow import build_dags
from everfit_airflow.dag._placing import pod

PROJECT = Path(__file__).parents[2]
KUBERNETES = {"AIRFLOW__CORE__EXECUTOR": "LocalExecutor,KubernetesExecutor"}
FAR = {
    "metadata": {"labels": {"team": "flights"}},
    "spec": {
        "nodeSelector": {"cloud.google.com/gke-accelerator": "nvidia-h100-80gb"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "containers": [{"name": "shipper", "image": "logs:1"}, {"name": "base", "env": [{"name": "A", "value": "1"}]}],
    },
}


def dags(device="auto", tasks=None, search=None):
    spec = load_spec("flight_delays")
    train = TrainSpec(device=device, params={"rounds": 5}, search=search)
    placed = {name: TaskSpec(**said) for name, said in (tasks or {}).items()}
    return build_dags(spec.model_copy(update={"train": train, "runs_on": placed}))


def task(name="train", **changes):
    return next(t for dag in dags(**changes).values() for t in dag.tasks if t.task_id == name)


@pytest.fixture
def kubernetes(monkeypatch):
    for name, value in KUBERNETES.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(("device", "where"), [("auto", "gpu"), ("cuda", "gpu"), ("cuda:1", "gpu"), ("cpu", "default")])
def test_the_task_that_trains_goes_where_its_device_is(device, where):
    train = task(device=device)
    assert (train.pool, train.queue) == ("gpu" if where == "gpu" else "default_pool", where)
    evaluate = task("evaluate", device=device)
    assert (evaluate.pool, evaluate.queue) == ("default_pool", "default")


def test_the_spec_moves_any_task():
    said = {"pool": "large", "slots": 2, "queue": "large", "executor": "LocalExecutor"}
    judge = task("judge", tasks={"judge": said})
    assert (judge.pool, judge.pool_slots, judge.queue, judge.executor) == ("large", 2, "large", "LocalExecutor")
    assert task(tasks={"train": {"queue": "h100"}}).queue == "h100"
    assert task("build_features", tasks={"build_features": {"queue": "large"}}).queue == "large"
    assert task("batch.validate", tasks={"batch.validate": {"pool": "disk"}}).pool == "disk"
    assert task("train", tasks={"build_features": {"queue": "large"}}).queue == "gpu"


@pytest.mark.usefixtures("kubernetes")
def test_the_tasks_of_a_search_go_where_training_goes_though_they_are_mapped():
    search = task("search", device="cuda", search={"budget": {"trials": 3}}, tasks={"search": {"queue": "many"}})
    assert (search.queue, search.pool) == ("many", "gpu")
    (base,) = search.partial_kwargs["executor_config"]["pod_override"].spec.containers
    assert base.resources.requests == {"nvidia.com/gpu": "1"}
    assert task("search", device="cpu", search={"budget": {"trials": 3}}).queue == "default"


def test_the_pool_of_what_trains_is_said_in_one_place():
    with pytest.raises(SpecError, match=r"runs_on\.train: the pool of what trains is train\.pool"):
        dags(tasks={"train": {"pool": "h100"}})


def test_a_task_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match=r"no task of flight_delays .* 'trian'; did you mean 'train'"):
        dags(tasks={"trian": {"queue": "x"}})


def test_a_worker_that_builds_one_dag_does_not_miss_the_others(monkeypatch):
    from airflow.sdk import get_parsing_context

    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "flight_delays_train")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "train")
    assert get_parsing_context().dag_id == "flight_delays_train"
    built = dags(tasks={"batch.validate": {"pool": "disk"}, "train": {"queue": "far"}})
    assert list(built) == ["flight_delays_train"]
    assert built["flight_delays_train"].get_task("train").queue == "far"


def test_other_executors_get_no_pod():
    assert task(device="cuda", tasks={"train": {"pod": FAR}}).executor_config == {}


@pytest.mark.usefixtures("kubernetes")
@pytest.mark.parametrize(
    ("device", "resources", "asks"),
    [
        ("auto", {}, None),
        ("cpu", {}, None),
        ("cuda", {}, {"nvidia.com/gpu": "1"}),
        ("cuda:0", {"memory": "16Gi", "cpu": 4}, {"nvidia.com/gpu": "1", "memory": "16Gi", "cpu": "4"}),
        ("cuda", {"nvidia.com/mig-1g.10gb": 1}, {"nvidia.com/mig-1g.10gb": "1"}),
        ("auto", {"amd.com/gpu": 2}, {"amd.com/gpu": "2"}),
    ],
)
def test_a_pod_asks_for_the_gpu_that_its_device_needs(device, resources, asks):
    config = task(device=device, tasks={"train": {"resources": resources}}).executor_config
    if asks is None:
        assert config == {}
        return
    (base,) = config["pod_override"].spec.containers
    assert (base.name, base.resources.requests) == ("base", asks)
    assert base.resources.limits == {name: amount for name, amount in asks.items() if name != "cpu"}


def test_what_the_manifest_says_itself_is_kept():
    said = {"spec": {"containers": [{"resources": {"limits": {"memory": "20Gi"}, "claims": [{"name": "x"}]}}]}}
    made = pod(TaskSpec(resources={"memory": "16Gi"}, pod=said), {})
    (base,) = made["spec"]["containers"]
    assert base["resources"] == {
        "requests": {"memory": "16Gi"},
        "limits": {"memory": "20Gi"},
        "claims": [{"name": "x"}],
    }
    assert pod(TaskSpec(), {}) == {}


@pytest.mark.usefixtures("kubernetes")
@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"spec": {"nodeSelektor": {"a": "b"}}}, r"runs_on\.train\.pod: a pod has no spec\.nodeSelektor"),
        ({"spec": {"tolerations": [{"ky": "x"}]}}, r"a pod has no spec\.tolerations\[0\]\.ky"),
        ({"spec": {"containers": [{"imge": "x"}]}}, r"a pod has no spec\.containers\[0\]\.imge"),
        ({"spec": {"volumes": [{"mountPath": "/x"}]}}, "is no pod that Kubernetes knows"),
    ],
)
def test_a_misspelt_manifest_is_refused_and_not_dropped(manifest, said):
    with pytest.raises(SpecError, match=said):
        dags(device="cuda", tasks={"train": {"pod": manifest}})


@pytest.mark.usefixtures("kubernetes")
def test_the_pod_that_the_executor_sends_has_all_of_it():
    """From the DAG as Airflow stores it, through the provider's own code, to the manifest for the cluster."""
    from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
    from airflow.serialization.serialized_objects import DagSerialization
    from kubernetes.client import ApiClient

    dag = dags(device="cuda", tasks={"train": {"pod": FAR, "resources": {"memory": "16Gi"}}})["flight_delays_train"]
    stored = json.loads(json.dumps(DagSerialization.to_dict(dag)))
    config = DagSerialization.from_dict(stored).get_task("train").executor_config
    override = PodGenerator.from_obj(config)
    assert pickle.loads(pickle.dumps(override)) == override, "it goes to another process"
    template = {
        "metadata": {"name": "template", "namespace": "airflow"},
        "spec": {
            "serviceAccountName": "worker",
            "containers": [{"name": "base", "image": "everfit:0.1.0", "env": [{"name": "B", "value": "2"}]}],
        },
    }
    sent = PodGenerator.construct_pod(
        dag_id="flight_delays_train", task_id="train", pod_id="flight-delays-train-abc", try_number=1,
        kube_image="everfit:0.1.0", date=None, args=["python", "-m", "task"], pod_override_object=override,
        base_worker_pod=PodGenerator.deserialize_model_dict(template), namespace="airflow", scheduler_job_id="1",
        run_id="manual",
    )  # fmt: skip
    manifest = ApiClient().sanitize_for_serialization(sent)
    base, shipper = manifest["spec"]["containers"]
    assert base["resources"] == {
        "requests": {"memory": "16Gi", "nvidia.com/gpu": "1"},
        "limits": {"memory": "16Gi", "nvidia.com/gpu": "1"},
    }
    assert (base["name"], base["image"], base["args"]) == ("base", "everfit:0.1.0", ["python", "-m", "task"])
    assert {"A": "1", "B": "2"}.items() <= {one["name"]: one.get("value") for one in base["env"]}.items()
    assert (shipper["name"], shipper["image"]) == ("shipper", "logs:1")
    assert manifest["spec"]["nodeSelector"] == FAR["spec"]["nodeSelector"]
    assert manifest["spec"]["tolerations"] == FAR["spec"]["tolerations"]
    assert manifest["spec"]["serviceAccountName"] == "worker"
    assert {"team": "flights", "dag_id": "flight_delays_train"}.items() <= manifest["metadata"]["labels"].items()


@pytest.mark.parametrize("executor", ["LocalExecutor", "CeleryExecutor"])
def test_the_kubernetes_client_is_loaded_only_for_its_executor(executor, tmp_path):
    probe = (
        "import sys\nfrom everfit_airflow import build_dags\nbuild_dags('flight_delays')\n"
        "print('kubernetes' in sys.modules)"
    )
    env = os.environ | {"AIRFLOW__CORE__EXECUTOR": executor, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", probe], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
