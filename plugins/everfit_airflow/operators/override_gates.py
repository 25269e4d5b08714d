"""Let a candidate be promoted that the gates kept back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError
from everfit_airflow.assets import challenger_asset
from everfit_airflow.logs import say
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class OverrideGatesOperator(StepOperator):
    """Register the candidate of the DAG run's param `run` against its gates, for the reason in the param `reason`.

    Wakes up whoever deploys, as a candidate that passed does.
    """

    def __init__(self, *, model: str | ModelSpec, **kwargs: Any) -> None:
        name = model if isinstance(model, str) else model.name
        super().__init__(model=model, outlets=[challenger_asset(name)], **kwargs)

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Decide, register and announce the challenger."""
        from everfit.ledger.words import in_words
        from everfit.steps.override import override

        params = context["params"]
        run, reason = (str(params.get(name) or "").strip() for name in ("run", "reason"))
        for name, value in {"run": run, "reason": reason}.items():
            if not value:
                raise SpecError(f"field {name!r} of the form is empty: it is kept in the ledger")
        by = getattr(context["dag_run"], "triggering_user_name", None) or "airflow"
        decision, version = override(ports, spec, run, reason, by)
        say(f"{spec.name}: {in_words(decision)}")
        context["outlet_events"][challenger_asset(spec.name)].extra = {"version": version.version}
        return {"version": version.version, "entry": decision.seq}
