"""Put the challenger on the model server and make it the champion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit.errors import KeptBack, SpecError, StaleHead
from everfit_airflow import openlineage
from everfit_airflow.assets import champion_asset
from everfit_airflow.logs import say, skip
from everfit_airflow.operators.step import StepOperator, attempt_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class DeployModelOperator(StepOperator):
    """Load a version on the model server, check that it answers there as it did offline, then let it serve.

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
        """Deploy and announce the champion."""
        from everfit.ledger.words import in_words
        from everfit.steps.attest import attest
        from everfit.steps.deploy import deploy
        from everfit.steps.judge_again import with_fresh_evidence

        asked = self.approved["version"] if self.approved else self.version(context)
        version = asked or ports.ledger(spec.name).view().challenger
        if version is None:
            skip(f"{spec.name} has no challenger to deploy")
        try:
            with self.spending(ports, "deploy") as account:
                account.for_version(ports.ledger(spec.name).view(), version)
                entry = with_fresh_evidence(
                    *(ports, spec, version, say),
                    lambda: deploy(ports, spec, version, attempt_of(context), say),
                )
        except (StaleHead, KeptBack) as error:
            skip(f"not deployed: {error}")
        for receipt in attest(self._hook.ports_to_sign(), spec):
            say(in_words(receipt))
        self.tell(openlineage.serving, version)
        say(f"{spec.name} version {version} serves (ledger entry {entry.seq})")
        context["outlet_events"][champion_asset(spec.name)].extra = {"version": version}
        return {"version": version, "entry": entry.seq}

    @staticmethod
    def version(context: Context) -> int | None:
        """The version that the form asks for; checked again, since conf can reach a run past the form."""
        asked = context["params"].get("version")
        if asked is not None and (not isinstance(asked, int) or asked < 1):
            raise SpecError(f"field 'version' of the form is {asked!r}: it should be a version number from 1, or empty")
        return asked
