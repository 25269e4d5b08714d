"""Fail if the model server answers otherwise than the version does offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.errors import DeployError
from everfit_airflow.logs import say
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class CheckServedOperator(StepOperator):
    """Answer the champion's newest logged requests again offline; turn red if one gets another answer."""

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:  # noqa: ARG002 the shape of all
        """Compare, and tell."""
        from everfit.steps.check_served import check_served

        found = check_served(ports, spec.name)
        if not found.alike:
            raise DeployError(f"{found.words}. Compare the server's libraries with those in the model's everfit.json")
        say(found.words)
        return {"version": found.version, "rows": found.rows, "equal": found.equal, "largest": found.largest}
