"""Tell people what is wrong with a model, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from everfit_airflow.logs import say, skip
from everfit_airflow.operators.step import StepOperator, attempt_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit_airflow.channels import Notifier


class AlertOperator(StepOperator):
    """Send what is new in one message per channel: to the notifiers, and to the addresses of a connection.

    With nothing to tell, or nobody to tell it to, the task is skipped; it is red until each channel has taken its
    message.

    :param notifiers: Airflow notifiers, or functions of a context. In their templates `{{ alert.title }}`,
        `{{ alert.text }}` and `{{ alert.html }}` are the message (`everfit.alerts.Message`).
    """

    def __init__(self, *, notifiers: Sequence[Notifier] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.notifiers = tuple(notifiers)

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> list[str]:
        """Look, claim, send."""
        from everfit.steps.alert import alert
        from everfit_airflow.channels import channels
        from everfit_airflow.links.kept import site

        found = channels(self._hook.alert_urls(), self.notifiers, context)
        if not found:
            skip(
                f"there is neither a connection {self.connections.alerts} nor a notifier, so nobody is told of anything"
            )
        sent = alert(ports, spec, found, f"{attempt_of(context)}/{uuid4().hex}", site())
        if not sent:
            skip("there is nothing new to tell")
        for message in sent:
            say(f"told: {message.title}")
        return sorted({key for message in sent for key in message.incidents})
