from __future__ import annotations

from pathlib import Path

import pytest

from everfit.registry import MlflowRegistry
from everfit.values import Batch, FileHash
from tests.services import Service


def client(mlflow: Service):
    from mlflow import MlflowClient

    return MlflowClient(mlflow.url)


def test_what_is_logged_is_there(registry: MlflowRegistry, mlflow: Service, tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "curve.svg").write_text("<svg/>")
    batch = Batch("2013-05", 2, "ab" * 32, 28_796, (FileHash("f", "00", 1),), "outs: []")
    with registry.run("logging", "monday", "run:1") as run:
        run.params({"max_depth": 6, "story": "x" * 7000})
        run.metrics({"auc": 0.7, "log_loss": 0.4})
        run.curves({"train": [0.5, 0.4, 0.3], "many": [float(i) for i in range(2500)]})
        run.tags({"why": "new data", "pointer": "y" * 9000})
        run.artifact(tmp_path / "plots", "plots")
        run.dataset("5nap5h0t", [batch], "training")
    found = client(mlflow).get_run(run.id)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "monday"
    assert found.data.params["max_depth"] == "6"
    assert found.data.params["story"].endswith("x…")
    assert found.data.metrics["auc"] == 0.7
    assert [p.value for p in client(mlflow).get_metric_history(run.id, "train")] == [0.5, 0.4, 0.3]
    assert len(client(mlflow).get_metric_history(run.id, "many")) == 2500
    assert found.data.tags["why"] == "new data"
    assert "whole in the run's tags/pointer.txt" in found.data.tags["pointer"]
    assert {f.path for f in client(mlflow).list_artifacts(run.id)} >= {"plots", "tags"}
    (logged,) = found.inputs.dataset_inputs
    assert (logged.dataset.digest, logged.tags[0].value) == ("5nap5h0t", "training")
    assert "ab" * 32 in logged.dataset.profile
    assert registry.run_url(run.id) == f"{mlflow.url}/#/runs/{run.id}"


def test_a_retry_goes_on_with_the_same_run_and_doubles_nothing(registry: MlflowRegistry, mlflow: Service) -> None:
    def first_try() -> None:
        with registry.run("retrying", "try", "run:'7'") as first:
            first.params({"rounds": 10, "device": "cuda"})
            first.curves({"train": [0.5, 0.4]})
            first.metrics({"auc": 0.6})
            tried.append(first.id)
            raise ZeroDivisionError("what trains may break")

    tried: list[str] = []
    with pytest.raises(ZeroDivisionError, match="may break"):
        first_try()
    assert client(mlflow).get_run(tried[0]).info.status == "FAILED"

    with registry.run("retrying", "try", "run:'7'") as second:
        second.params({"rounds": 10, "device": "cpu", "seed": 3})
        second.curves({"train": [0.5, 0.4, 0.3]})
        second.metrics({"auc": 0.55})
    with registry.run("retrying", "try", "run:8") as other:
        pass

    found = client(mlflow).get_run(second.id)
    assert second.id == tried[0] != other.id
    assert found.info.status == "FINISHED"
    assert found.data.params == {"rounds": "10", "device": "cuda", "seed": "3"}
    assert found.data.tags["retry.device"] == "cpu"
    assert [p.value for p in client(mlflow).get_metric_history(second.id, "train")] == [0.5, 0.4, 0.3]
    assert found.data.metrics["auc"] == 0.55
