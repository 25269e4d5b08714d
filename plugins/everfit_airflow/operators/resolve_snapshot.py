"""Decide what a training run trains on, and whether it has to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.errors import NotEnoughData
from everfit_airflow import openlineage
from everfit_airflow.form import read_answers
from everfit_airflow.handover import run_name
from everfit_airflow.logs import say, say_all, skip
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec

WHY = {
    "scheduled": "schedule",
    "asset_triggered": "new data",
    "asset_materialization": "new data",
    "backfill": "backfill",
    "manual": "a person",
    "operator_triggered": "another DAG",
}
BY_ASSET = {"_due": "due", "_decayed": "decay"}


class ResolveSnapshotOperator(StepOperator):
    """Turn a window over the accepted batches into a snapshot, and record why this run trains on it.

    Skips, and with it the whole run, when nothing is new and nobody forced it. The window, the device and the rest of
    the form come from the DAG run's params (`everfit_airflow.form.train_form`).
    """

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Resolve, record the trigger, and return the run's name in the ledger."""
        from everfit.steps.snapshot import TrainRequest, resolve
        from everfit.steps.why_now import NotNow

        dag_run = context["dag_run"]
        answers = read_answers(context["params"], dag_run.conf)
        why = _why(context)
        request = TrainRequest(
            run=run_name(context),
            why=why,
            by=getattr(dag_run, "triggering_user_name", None) or "airflow",
            note=answers.note,
            batches=answers.batches,
            until=answers.until,
            device=answers.device,
            forced=answers.force,
        )
        try:
            with self.spending(ports, "resolve") as account:
                triggered = resolve(ports, spec, request)
                account.run = "" if isinstance(triggered, NotNow) else triggered.run
        except NotEnoughData as error:
            if why == "a person":
                raise
            skip(str(error))  # the first batches of a new model: no failure of anybody
        if isinstance(triggered, NotNow):
            again = " It is asked again by itself." if triggered.until else ""
            skip(
                f"no training of {spec.name} now: {triggered.words}.{again}"
                " To train all the same, trigger the DAG with 'Train even if nothing is new'."
            )
        self.tell(openlineage.resolved, triggered)
        say_all(
            f"snapshot {triggered.snapshot}, because of {triggered.why}: {'; '.join(triggered.because)}",
            [f"{b.label}  {b.sha256[:12]}  {b.rows:>9,} rows" for b in triggered.batches],
        )
        gap = f", the {triggered.gap} before are for neither" if triggered.gap else ""
        say(f"the last {triggered.holdout} of {len(triggered.batches)} batches are kept for judging{gap}")
        return {"run": triggered.run, "snapshot": triggered.snapshot, "why": triggered.why}


def _why(context: Context) -> str:
    """What started the run, in one word; of assets: the data, what the monitor found, or the watch over what is due."""
    kind = context["dag_run"].run_type
    why = WHY.get(str(getattr(kind, "value", kind)), "another DAG")
    names = {asset.name for asset in context.get("triggering_asset_events") or {}}
    if why == "new data" and names:
        return next((said for ending, said in BY_ASSET.items() if all(name.endswith(ending) for name in names)), why)
    return why
