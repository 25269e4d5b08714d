"""Fail once when a delivery has been waiting too long to become whole, so that a person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit_airflow.logs import skip
from everfit_airflow.operators.step import StepOperator, attempt_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class TellLateOperator(StepOperator):
    """Write each overdue delivery into the ledger, once, and fail, so that Airflow's callbacks tell a person.

    Nothing happens to the delivery: it waits on, and is taken as soon as it is whole. With nothing new to tell the task
    is skipped.
    """

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> Any:
        """Look, write, and fail if there is news."""
        from everfit.errors import DataError
        from everfit.steps.tell_late import tell_late

        late = tell_late(ports, spec, str(context["ti"].run_id), attempt_of(context))
        if not late:
            skip("nobody has to be told of a late delivery")
        lines = (f"{one.partition}: waiting since {one.since:%Y-%m-%d %H:%M:%S} UTC; {one.lacks}" for one in late)
        raise DataError(
            f"{len(late)} late in {spec.data.landing}; look at the source, they are taken once they are whole\n  "
            + "\n  ".join(lines)
        )
