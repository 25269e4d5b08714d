"""A model's whole life in one DAG, run by `DAG.test()` with OpenLineage's file transport: a process of its own.

Airflow reads its plugins' settings once per process, so a test that switches them on needs a new one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.sdk import DAG, task_group

from everfit.gates.above_bar import AboveBar
from everfit.spec import load_spec
from everfit_airflow import operators as do
from everfit_airflow.form import train_form
from everfit_airflow.sensors import NewBatchSensor

spec = load_spec("flight_delays").model_copy(update={"gates": (AboveBar("log_loss", at_most=9),)})

with DAG("ingest", schedule=None) as ingest:
    found = NewBatchSensor(task_id="look", model=spec)

    @task_group
    def each(arrival):
        looked = do.ValidateBatchOperator(task_id="validate", model=spec, arrival=arrival)
        do.CommitBatchOperator(task_id="commit", model=spec, inspection=looked.output)

    each.expand(arrival=found.output)

with DAG("train", schedule=None, params=train_form(spec)) as train:
    run = do.ResolveSnapshotOperator(task_id="resolve", model=spec)
    features = do.BuildFeaturesOperator(task_id="features", model=spec, run=run.output)
    candidate = do.TrainModelOperator(task_id="fit", model=spec, run=run.output, features=features.output)
    evaluation = do.EvaluateModelOperator(
        task_id="evaluate", model=spec, run=run.output, features=features.output, candidate=candidate.output
    )
    judgement = do.JudgeCandidateOperator(task_id="judge", model=spec, evaluation=evaluation.output)
    registered = do.RegisterModelOperator(task_id="register", model=spec, judgement=judgement.output)
    registered >> do.DeployModelOperator(task_id="deploy", model=spec, params={"version": 1})

if __name__ == "__main__":
    from airflow.dag_processing.dagbag import DagBag

    here = Path(__file__)
    bag = DagBag(str(here), bundle_path=here.parent, bundle_name="own")
    assert bag.import_errors == {}, bag.import_errors
    states = {dag: str(bag.dags[dag].test().state) for dag in sys.argv[1:]}
    print(states)
    assert set(states.values()) == {"success"}
