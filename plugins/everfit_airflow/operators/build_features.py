"""Build the feature table of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit_airflow import openlineage
from everfit_airflow.handover import give
from everfit_airflow.logs import say
from everfit_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class BuildFeaturesOperator(TrainingOperator):
    """Run the team's feature code over the snapshot of a run; a table that already exists is used again."""

    def work(self, ports: Ports, spec: ModelSpec, run: RunTriggered, context: Context) -> dict[str, Any]:
        """Build and hand over."""
        from everfit.steps.build_features import build_features
        from everfit.steps.snapshot import snapshot_of

        with self.spending(ports, "features") as account:
            account.run = run.run
            features = build_features(ports, spec, snapshot_of(spec, run))
        self.tell(openlineage.built, run, features)
        say(
            f"{len(features.columns)} features; {features.training_rows:,} rows to learn from,"
            f" {features.holdout_rows:,} to judge on, {features.unlabeled_rows:,} without a label left out"
        )
        return give(ports, context, features, columns=len(features.columns), rows=features.training_rows)
