"""Look at the champion in production."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit_airflow.assets import decayed_asset
from everfit_airflow.links.report import ReportLink
from everfit_airflow.logs import say, skip
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class MonitorModelOperator(StepOperator):
    """Ask every monitor of the spec whether the champion is harmed, why, and what to do; write it down once.

    Harm is a result, not a failure: the task succeeds, says what to do, and emits an event of the asset
    `<model>_decayed`. It skips while there is no champion, nobody has asked it, or nothing is new.
    """

    operator_extra_links = (ReportLink(),)
    template_fields: Sequence[str] = ("model",)

    def __init__(self, *, model: str | ModelSpec, **kwargs: Any) -> None:
        name = model if isinstance(model, str) else model.name
        super().__init__(model=model, outlets=[decayed_asset(name)], **kwargs)

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Look, and say what was found."""
        from everfit.ledger.words import in_words
        from everfit.steps.monitor import monitor

        known = len(ports.ledger(spec.name).entries())
        entry = monitor(ports, spec, say)
        began = context["dag_run"].start_date  # what an earlier try of this run found has told nobody if that try died
        if entry is None or (entry.seq <= known and (began is None or entry.at < began)):
            skip("there is nothing new to look at")
        look = entry.body
        say(f"{in_words(entry)} (ledger entry {entry.seq})")
        ReportLink.remember(context, look.report)
        harmed = [signal.monitor for signal in look.harmful]
        done: dict[str, Any] = {"entry": entry.seq, "version": look.version, "harmed": harmed, "action": look.action}
        if harmed:
            context["outlet_events"][decayed_asset(spec.name)].extra = done
        else:
            self.outlets = []  # a task emits an event for each outlet that it still has at its end
        return done
