"""Runs of DAGs, one after the other in one process, each as `airflow dags test` does it: what all need is loaded once.

`python dag_runs.py <folder of DAG files> <name of its bundle> <JSON: from DAG to the conf of its run, or null>`.
"""

from __future__ import annotations

import json
import sys

from airflow.dag_processing.dagbag import DagBag

if __name__ == "__main__":
    folder, name, wanted = sys.argv[1:]
    bag = DagBag(folder, bundle_path=folder, bundle_name=name)
    assert bag.import_errors == {}, bag.import_errors
    for dag, conf in json.loads(wanted).items():
        state = str(bag.dags[dag].test(run_conf=conf).state)
        assert state == "success", f"{dag}: {state}"
