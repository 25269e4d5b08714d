"""Go back to the champion before this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError
from everfit_airflow import openlineage
from everfit_airflow.assets import champion_asset
from everfit_airflow.handover import run_name
from everfit_airflow.logs import say
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class RollBackOperator(StepOperator):
    """Make the previous champion the champion again, with the reason that the DAG run's param `reason` gives."""

    def __init__(self, *, model: str | ModelSpec, **kwargs: Any) -> None:
        name = model if isinstance(model, str) else model.name
        super().__init__(model=model, outlets=[champion_asset(name)], **kwargs)

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Go back and announce the champion."""
        from everfit.steps.deploy import roll_back

        reason = str(context["params"].get("reason") or "").strip()
        if not reason:
            raise SpecError("field 'reason' of the form is empty: say why, it is kept in the ledger")
        by = getattr(context["dag_run"], "triggering_user_name", None) or "airflow"
        entry = roll_back(ports, spec, reason, by, key=f"rollback:{run_name(context)}")
        self.tell(openlineage.went_back, entry)
        say(f"{spec.name}: {entry.body}")
        return {"entry": entry.seq}
