"""Check an arrived batch against its expectations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit_airflow import openlineage
from everfit_airflow.handover import Handed, give
from everfit_airflow.links.data_docs import DataDocsLink
from everfit_airflow.links.report import ReportLink
from everfit_airflow.logs import say, say_all
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class ValidateBatchOperator(StepOperator):
    """Take an immutable copy of an arrived batch, check it, and write the report.

    Bad data is a result, not a failure: the task succeeds and says `refused`.

    :param arrival: what `NewBatchSensor` found: `{"partition": ..., "fingerprint": ..., "files": [...]}`.
    """

    template_fields: Sequence[str] = ("model", "arrival")
    operator_extra_links = (ReportLink(), DataDocsLink())

    def __init__(self, *, arrival: Handed, **kwargs: Any) -> None:
        super().__init__(map_index_template="{{ partition }}", **kwargs)
        self.arrival = arrival

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Validate and hand the inspection over."""
        from everfit.steps.validate import validate
        from everfit.values import Arrival, load

        arrival = load(Arrival, self.arrival)
        context["partition"] = arrival.partition  # type: ignore[typeddict-unknown-key]
        inspection = validate(ports, spec, arrival)
        self.tell(openlineage.validated, arrival, inspection)
        if inspection.duplicate_of is not None:
            say(f"{arrival.partition}: the same bytes as in ledger entry {inspection.duplicate_of}; nothing to do")
            return give(ports, context, inspection, partition=arrival.partition, verdict="duplicate")
        passed = sum(check.passed for check in inspection.checks)
        say_all(
            f"{arrival.partition}: {passed} of {len(inspection.checks)} checks passed on {inspection.rows:,} rows",
            [
                f"{'ok ' if c.passed else 'BAD'} {c.table}.{c.column or '*'}: {c.wanted}; {c.found}"
                for c in inspection.checks
            ],
        )
        verdict = "accepted" if inspection.accepted else "refused"
        say(f"{arrival.partition}: {verdict}" + "".join(f"\n  - {reason}" for reason in inspection.reasons))
        ReportLink.remember(context, inspection.report)
        if inspection.data_docs:
            DataDocsLink.remember(context, inspection.data_docs)
        return give(ports, context, inspection, partition=arrival.partition, verdict=verdict)
