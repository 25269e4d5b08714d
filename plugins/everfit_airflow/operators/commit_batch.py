"""Settle an arrived batch: into the data store, or into quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit_airflow import openlineage
from everfit_airflow.assets import batch_asset
from everfit_airflow.handover import Handed, take
from everfit_airflow.links.report import ReportLink
from everfit_airflow.logs import say
from everfit_airflow.operators.step import StepOperator, attempt_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ledger import Entry
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class CommitBatchOperator(StepOperator):
    """Bring an inspected batch to its end: accepted, quarantined or duplicate, with an entry in the ledger.

    For an accepted batch it emits an event of the asset `<model>_batch` with the batch's partition as partition key, so
    that Airflow shows which partition came in with which run.

    :param inspection: what `ValidateBatchOperator` returned.
    """

    template_fields: Sequence[str] = ("model", "inspection")
    operator_extra_links = (ReportLink(),)

    def __init__(self, *, model: str | ModelSpec, inspection: Handed, **kwargs: Any) -> None:
        name = model if isinstance(model, str) else model.name
        super().__init__(model=model, map_index_template="{{ partition }}", outlets=[batch_asset(name)], **kwargs)
        self.inspection = inspection

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Commit and say in which entry."""
        from everfit.steps.commit import commit
        from everfit.values import Inspection

        inspection = take(ports, Inspection, self.inspection)
        context["partition"] = inspection.partition  # type: ignore[typeddict-unknown-key]
        entry = commit(ports, spec, inspection, attempt_of(context))
        self.tell(openlineage.committed, inspection, entry)
        say(f"{inspection.partition}: {entry.kind.replace('_', ' ')} (ledger entry {entry.seq})")
        self._tell_airflow(entry, context)
        if inspection.report:
            ReportLink.remember(context, inspection.report)
        return {"partition": inspection.partition, "entry": entry.seq, "kind": entry.kind}

    def _tell_airflow(self, entry: Entry, context: Context) -> None:
        """A task emits an event for each outlet that it still has at its end, so that one without news gives it up."""
        from everfit.ledger.entries import BatchAccepted

        if isinstance(entry.body, BatchAccepted):
            context["outlet_events"][batch_asset(self.model)].add_partitions(entry.body.batch.partition)
        else:
            self.outlets = []
