"""Fail while the champion knows data that was taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.errors import Recalled
from everfit_airflow.logs import say
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class CheckChampionOperator(StepOperator):
    """Turn red if the version that serves learnt from recalled data: there was none to go back to."""

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:  # noqa: ARG002 the shape of all
        """Look into the ledger."""
        view = ports.ledger(spec.name).view()
        if view.champion in view.touched:
            raise Recalled(
                f"champion {view.champion} of {spec.name} knows recalled data and goes on serving, since there is no "
                f"clean version to go back to: let {spec.name}_train make a new one, or stop asking it"
            )
        say(f"champion {view.champion or '(none)'} of {spec.name} knows no recalled data")
        return {"champion": view.champion}
