"""Bring the challenger to people, in the stages of its spec, and make it the champion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit.errors import DeployError, KeptBack, SpecError, StaleHead
from everfit_airflow import openlineage
from everfit_airflow.assets import champion_asset
from everfit_airflow.logs import say, skip
from everfit_airflow.operators.step import StepOperator, attempt_of

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.exceptions import TaskDeferred

    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.steps.rollout import Standing


class DeployModelOperator(StepOperator):
    """Load a version on the model server, check that it answers there as it did offline, then let it serve.

    In the stages of the spec's `rollout`, if it has any: between two looks the task waits in the triggerer and holds
    neither a slot nor a worker. Each look does what is due and says so in the log; the newest is in the XCom `rollout`.
    A challenger that is stopped fails the task, which says why.

    The version is the DAG run's param `version`; without one, the newest challenger of the ledger. If another version
    became champion since a waiting one was judged, it is judged again, against that one. Skips when there is none to
    deploy, or when the gates or the champion of now keep it back: no fault of anybody. The evidence for the promotion
    is signed.

    :param approved: what `ApprovePromotionOperator` returned: the version that people were asked about.
    """

    template_fields: Sequence[str] = ("model", "approved")

    def __init__(self, *, model: str | ModelSpec, approved: Any = None, **kwargs: Any) -> None:
        name = model if isinstance(model, str) else model.name
        super().__init__(model=model, outlets=[champion_asset(name)], **kwargs)
        self.approved = approved

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> dict[str, Any]:
        """Deploy and announce the champion, or do what is due first and wait."""
        asked = self.approved["version"] if self.approved else self.version(context)
        version = asked or ports.ledger(spec.name).view().challenger
        if version is None:
            skip(f"{spec.name} has no challenger to deploy")
        with self.spending(ports, "deploy") as account:
            account.for_version(ports.ledger(spec.name).view(), version)
            standing = self._advance(ports, spec, version, context)
        return self._then(ports, spec, standing, context)

    def look(self, context: Context, event: dict[str, Any], version: int) -> dict[str, Any]:  # noqa: ARG002 - Airflow's
        """There is something new: look again."""
        ports, spec = self.opened()
        return self._then(ports, spec, self._advance(ports, spec, version, context), context)

    def _advance(self, ports: Ports, spec: ModelSpec, version: int, context: Context) -> Standing:
        from everfit.steps.judge_again import with_fresh_evidence
        from everfit.steps.rollout import advance

        try:
            standing = with_fresh_evidence(
                *(ports, spec, version, say),
                lambda: advance(ports, spec, version, attempt_of(context), say),
            )
        except (StaleHead, KeptBack) as error:
            skip(f"not deployed: {error}")
        context["ti"].xcom_push("rollout", {"version": version, "stage": standing.stage, "standing": standing.words})
        return standing

    def _then(self, ports: Ports, spec: ModelSpec, standing: Standing, context: Context) -> dict[str, Any]:
        """Wait, fail, or tell of the champion."""
        from everfit.ledger.words import in_words
        from everfit.steps.attest import attest

        if not standing.done:
            raise self._waiting(ports, spec, standing)
        if standing.outcome == "stopped":
            raise DeployError(f"version {standing.version} of {spec.name} is not deployed: {standing.words}")
        for receipt in attest(self._hook.ports_to_sign(), spec):
            say(in_words(receipt))
        version = standing.version
        self.tell(openlineage.serving, version)
        say(f"{spec.name} version {version} serves (ledger entry {standing.entry.seq})")
        context["outlet_events"][champion_asset(spec.name)].extra = {"version": version}
        return {"version": version, "entry": standing.entry.seq}

    def _waiting(self, ports: Ports, spec: ModelSpec, standing: Standing) -> TaskDeferred:
        """What leaves the worker until another look is worth it."""
        from airflow.sdk.exceptions import TaskDeferred

        from everfit.steps.news import known
        from everfit.values import dump
        from everfit_airflow.triggers.rollout import RolloutTrigger

        again = standing.again.isoformat() if standing.again else None
        say(f"waits without a worker: looks again when there is new evidence, and at {again} at the latest")
        trigger = RolloutTrigger(
            model=spec.name,
            known=dump(known(ports, spec.name)),
            again=again,
            connections=self.connections.to_dict(),
        )
        return TaskDeferred(trigger=trigger, method_name=self.look.__name__, kwargs={"version": standing.version})

    @staticmethod
    def version(context: Context) -> int | None:
        """The version that the form asks for; checked again, since conf can reach a run past the form."""
        asked = context["params"].get("version")
        if asked is not None and (not isinstance(asked, int) or asked < 1):
            raise SpecError(f"field 'version' of the form is {asked!r}: it should be a version number from 1, or empty")
        return asked
