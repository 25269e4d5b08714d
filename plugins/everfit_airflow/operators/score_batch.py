"""Score a whole batch and keep the predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit_airflow import openlineage
from everfit_airflow.assets import scores_asset
from everfit_airflow.links.report import ReportLink
from everfit_airflow.logs import say
from everfit_airflow.operators.step import StepOperator, attempt_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class ScoreBatchOperator(StepOperator):
    """Score a partition with the champion of the moment, and write its predictions as Parquet into the store.

    For each partition that was scored it emits an event of the asset `<model>_scores`, so that other DAGs can start
    with them. A delivery that breaks its expectations is a result, not a failure: the task succeeds and says `refused`.

    :param partition: which one, as `FindUnscoredOperator` found it.
    """

    template_fields: Sequence[str] = ("model", "partition")
    operator_extra_links = (ReportLink(),)

    def __init__(self, *, model: str | ModelSpec, partition: str, **kwargs: Any) -> None:
        name = model if isinstance(model, str) else model.name
        super().__init__(model=model, map_index_template="{{ partition }}", outlets=[scores_asset(name)], **kwargs)
        self.partition = partition

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Score, and say where the predictions are."""
        from everfit.ledger.entries import BatchScored, ScoringRefused
        from everfit.ledger.words import in_words
        from everfit.steps.score import score

        context["partition"] = self.partition  # type: ignore[typeddict-unknown-key]
        entry = score(ports, spec, self.partition, attempt_of(context), say)
        say(f"{in_words(entry)} (ledger entry {entry.seq})")
        done: dict[str, Any] = {"partition": self.partition, "entry": entry.seq}
        match entry.body:
            case BatchScored() as scored:
                self.tell(openlineage.scored, scored)
                done |= {"verdict": "scored", "file": scored.file.key, "sha256": scored.file.sha256}
                context["outlet_events"][scores_asset(spec.name)].extra = done | {"version": scored.version}
            case ScoringRefused(report=report):
                self.outlets = []  # a task emits an event for each outlet that it still has at its end
                ReportLink.remember(context, report)
                done |= {"verdict": "refused"}
        return done
