"""Take everything that waits in the landing place at this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit_airflow.logs import say, skip
from everfit_airflow.looking import AT_ONCE
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class FindBatchesOperator(StepOperator):
    """Find every complete delivery that the ledger has not settled; skip if there is none.

    It does not wait: for DAGs that an event or a timer starts. Whatever started the run, all that is unsettled is
    taken, at most 500 at once.
    """

    ui_color = "#d9ecff"

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> list[dict[str, Any]]:  # noqa: ARG002
        """Look once."""
        from everfit.steps.ingest import waiting
        from everfit.values import dump

        found = waiting(ports, spec, AT_ONCE)
        if not found:
            skip(f"nothing unsettled and complete is in {spec.data.landing}")
        say(f"found: {', '.join(arrival.partition for arrival in found)}")
        return [dump(arrival) for arrival in found]
