"""Bring the pointers of all models' batches into the git repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from everfit_airflow.connections import Connections
from everfit_airflow.logs import say, skip, tell_library_logs

if TYPE_CHECKING:
    from airflow.sdk import Context


class PublishPointersOperator(BaseOperator):
    """Commit a `.dvc` pointer to every model's newest good batches; skip where no repository is wanted.

    :param connections: the Airflow connections to use; without `everfit_pointers` there is nothing to do.
    """

    ui_color = "#d9f2e6"
    ui_fgcolor = "#10312b"

    def __init__(self, *, connections: Connections | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.connections = connections or Connections()

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 - Airflow's signature
        """Publish and say which revision holds what."""
        from everfit.steps.publish_pointers import publish_pointers
        from everfit_airflow.hooks.everfit import EverfitHook

        tell_library_logs()
        ports = EverfitHook(self.connections).ports_to_publish()
        if ports.pointers is None:
            skip(f"there is no connection {self.connections.pointers}, so no pointers are published")
        published = publish_pointers(ports)
        for model, entry in published.upto.items():
            say(f"{model}: all batches up to ledger entry {entry}")
        say(f"{ports.pointers.url} is at revision {published.revision or '(nothing to commit yet)'}")
        return {"revision": published.revision}
