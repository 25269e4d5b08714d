"""Take a bad batch back, and every model that knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError
from everfit_airflow.assets import data_asset
from everfit_airflow.logs import say, say_all
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class RecallBatchOperator(StepOperator):
    """Recall the batch that the DAG run's params `partition` and `version` name, because of `reason`.

    Wakes up whoever trains: a new model is asked for if a version knew the batch.
    """

    def __init__(self, *, model: str | ModelSpec, **kwargs: Any) -> None:
        name = model if isinstance(model, str) else model.name
        super().__init__(model=model, outlets=[data_asset(name)], **kwargs)

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Recall, and say what came of it."""
        from everfit.ledger.words import in_words
        from everfit.steps.recall import RecallOrder, recall

        params = context["params"]
        partition, reason = (str(params.get(name) or "").strip() for name in ("partition", "reason"))
        for name, value in {"partition": partition, "reason": reason}.items():
            if not value:
                raise SpecError(f"field {name!r} of the form is empty: it is kept in the ledger")
        by = getattr(context["dag_run"], "triggering_user_name", None) or "airflow"
        done = recall(ports, spec, RecallOrder(partition, reason, by, params.get("version")))
        say(f"{spec.name}: {in_words(done.decision)}")
        if done.versions:
            say_all("frozen", [f"version {version}" for version in done.versions])
        if done.back_to is not None:
            say(f"version {done.back_to} serves again")
        context["outlet_events"][data_asset(spec.name)].extra = {"recalled": partition}
        return {"entry": done.decision.seq, "versions": list(done.versions), "back_to": done.back_to}
