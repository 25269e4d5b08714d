"""Rehearse going back to the champion before this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit_airflow.handover import run_name
from everfit_airflow.logs import say, skip
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class RehearseRollbackOperator(StepOperator):
    """Prove that the previous champion could serve: it loads, gets its features and answers. Nothing is changed.

    Fails with the reason if going back would fail; is skipped while there is no version to go back to.
    """

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Rehearse once for each try, so that clearing the task rehearses anew."""
        from everfit.errors import NotEnoughData
        from everfit.ledger.words import in_words
        from everfit.steps.rehearse import rehearse

        try:
            entry = rehearse(ports, spec, f"rehearsed:{run_name(context)}#{context['ti'].try_number}", say)
        except NotEnoughData as error:
            skip(str(error))
        say(in_words(entry))
        return {"entry": entry.seq}
