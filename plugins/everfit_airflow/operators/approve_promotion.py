"""Ask people whether a version may be promoted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict

from everfit_airflow.asking import body, respondents
from everfit_airflow.links.mlflow_run import MlflowRunLink
from everfit_airflow.links.report import ReportLink
from everfit_airflow.logs import say, skip
from everfit_airflow.operators.deploy_model import DeployModelOperator
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.exceptions import TaskAwaitingInput

    from everfit.ledger.approvals import Approval
    from everfit.ports import Ports
    from everfit.spec import ModelSpec

ASKED = "approval"
"""What the task state store keeps: that Airflow has the question, and about which version."""
LEAST = timedelta(seconds=1)
WHY = Param(
    None,
    type=["null", "string"],
    maxLength=2_000,
    title="Why",
    description_md="Kept in the ledger.",
    source="task",  # a field of this question, not of the DAG's form
)


class ApprovePromotionOperator(StepOperator, ApprovalOperator):
    """Put the question whether a version may be promoted, with the evidence, on Airflow's page of required actions.

    The version is the DAG run's param `version`, or the newest challenger. While people think, no worker is held.
    Whatever they say is first written into the ledger, and what counts is what the ledger has then: an answer of
    somebody who may not give it is not taken, and the question is put again. If they reject, or the time is over and
    the version is kept back by default, the tasks that follow are skipped. A retry reads the answer that Airflow has.

    :param answers: how many people must have answered when this task ends. For four eyes put a second one behind it,
        with `answers=2`.
    :param before: what the one before it returned, so that both ask about one version.
    """

    template_fields: Sequence[str] = ("model", "before")
    operator_extra_links = (MlflowRunLink(), ReportLink())
    ui_color = "#ffe8c2"

    def __init__(self, *, model: str | ModelSpec, answers: int = 1, before: Any = None, **kwargs: Any) -> None:
        params = ParamsDict(kwargs.pop("params", None))  # Airflow puts those of the DAG there
        params.update(ParamsDict({"reason": WHY}))
        subject = f"Promote {model if isinstance(model, str) else model.name}?"
        super().__init__(model=model, subject=subject, params=params, **kwargs)
        self.answers, self.before = answers, before

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Ask, unless it is decided; a question that Airflow has from an earlier try is not put again."""
        from everfit.steps.approve import ask, lapse

        asked: Any = context["task_state_store"].get(ASKED)
        known = asked or self.before
        version = known["version"] if known else self._version(ports, spec, context)
        if version is None:
            skip(f"{spec.name} has no challenger to promote")
        ask(ports, spec, version, self._hook.roles())
        found = lapse(ports, spec, version)
        if self._ends(found):
            return self._end(found, context)
        if asked is None:
            self._put(ports, spec, version, found, context)
            context["task_state_store"].set(ASKED, {"version": version})
        raise self._waiting(ports, version, found)

    def execute_complete(self, context: Context, event: dict[str, Any], version: int = 0) -> Any:
        """Write the answer into the ledger; go on, skip what follows, or ask again."""
        from everfit.errors import NotApproved
        from everfit.ledger.approvals import in_short
        from everfit.steps.approve import Said, answer, lapse

        if "error" in event:
            self.process_trigger_event_error(event)
        ports, spec = self.opened()
        who = event["responded_by_user"]
        if who is not None:  # else the time was over, and Airflow took the default by itself
            approved = event["chosen_options"] == [self.APPROVE]
            reason = str((event["params_input"] or {}).get("reason") or "").strip()
            said = Said(approved, who["name"], reason, event["responded_at"], "in Airflow")
            try:
                answer(ports, spec, version, said)
            except NotApproved as error:
                say(f"the answer of {who['name']} does not count: {error}")
        found = lapse(ports, spec, version)
        say(f"version {version} is {found.answer}: {in_short(found)}")
        if self._ends(found):
            return self._end(found, context)
        self._put(ports, spec, version, found, context)
        raise self._waiting(ports, version, found)

    @staticmethod
    def _version(ports: Ports, spec: ModelSpec, context: Context) -> int | None:
        return DeployModelOperator.version(context) or ports.ledger(spec.name).view().challenger

    def _ends(self, found: Approval) -> bool:
        from everfit.ledger.approvals import Answer

        return found.answer is not Answer.OPEN or len(found.given) >= self.answers

    def _end(self, found: Approval, context: Context) -> dict[str, Any]:
        """Hand over which version it was; if it is not to be, what follows is skipped."""
        from everfit.ledger.approvals import Answer, in_short

        if found.answer in (Answer.REJECTED, Answer.LAPSED):
            say(f"not promoted: {in_short(found)}")
            self.skip(ti=context["ti"], tasks=context["task"].get_direct_relatives(upstream=False))
        return {"version": found.asked.body.version, "answer": found.answer.value, "entry": found.last.seq}

    def _put(self, ports: Ports, spec: ModelSpec, version: int, found: Approval, context: Context) -> None:
        """Give Airflow the question; an answer that it has from before is taken away."""
        from airflow.sdk.execution_time.hitl import upsert_hitl_detail

        from everfit.ledger.approvals import in_short
        from everfit.steps.card import name_of, report_key

        view, terms = ports.ledger(spec.name).view(), found.asked.body
        judged = view.judgement(version)
        MlflowRunLink.remember(context, ports.registry.run_url(judged.body.mlflow_run))
        ReportLink.remember(context, report_key(spec.name, name_of(judged.key, judged.body.run)))
        upsert_hitl_detail(
            ti_id=context["ti"].id,
            options=self.options,
            subject=f"Promote version {version} of {spec.name}?",
            body=body(view, spec, version, found),
            defaults=None if terms.until is None else [self.APPROVE if terms.otherwise == "promote" else self.REJECT],
            params=self.serialized_params,
            assigned_users=respondents(found),
        )
        say(f"asked on Airflow's page of required actions: {in_short(found)}")

    def _waiting(self, ports: Ports, version: int, found: Approval) -> TaskAwaitingInput:
        """What leaves the worker until somebody answers or the time is over."""
        from airflow.sdk.exceptions import TaskAwaitingInput

        until = found.asked.body.until
        left = max(until - ports.clock(), LEAST) if until else None
        return TaskAwaitingInput(method_name="execute_complete", kwargs={"version": version}, timeout=left)
