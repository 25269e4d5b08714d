"""Delete, or only list, what a model does not need any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit_airflow.handover import run_name
from everfit_airflow.logs import say, say_all, skip
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class FreeSpaceOperator(StepOperator):
    """Delete what no living version needs if the form's `delete` or the spec's `keep.delete` says so; else list it."""

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Look, tell, and delete if that is wanted."""
        from everfit.ledger.words import in_words
        from everfit.steps.housekeeping import free, look

        if spec.keep is None:
            skip(f"the spec of {spec.name} has no keep: all of its data is kept")
        going = [fate for fate in look(ports, {spec.name: spec}) if fate.goes and fate.model == spec.name]
        say_all(f"{len(going)} can go", [f"{fate.what} {fate.name}: {fate.why}" for fate in going])
        if not (context["params"].get("delete") or spec.keep.delete):
            say("nothing was deleted: neither the form nor the spec's keep says delete")
            return {"deleted": 0, "could_go": len(going)}
        entry = free(ports, spec, run_name(context))
        say(f"{spec.name}: {in_words(entry)} (ledger entry {entry.seq})" if entry else "there was nothing to delete")
        return {"deleted": len(going) if entry else 0, "entry": entry.seq if entry else None}
