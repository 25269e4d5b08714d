"""The shape of every everfit operator: open the ports, take one step, hand the result over by reference."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from everfit_airflow import openlineage
from everfit_airflow.connections import Connections

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context

    from everfit.cost import Prices
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.steps.spending import Account


class StepOperator(BaseOperator):
    """A door to one step of the library.

    The constructor only stores. `execute` opens the ports from Airflow connections, calls `step` and returns its small
    result; bigger results are written to the store and handed over by key (`everfit_airflow.handover`).

    :param model: the model's name (a folder of `include/models`), or a `ModelSpec` built in Python.
    :param connections: the Airflow connections to use.
    """

    template_fields: Sequence[str] = ("model",)
    ui_color = "#d9f2e6"
    ui_fgcolor = "#10312b"
    _told: Callable[[], openlineage.Lineage] | None = None

    def __init__(self, *, model: str | ModelSpec, connections: Connections | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model if isinstance(model, str) else model.name
        self._spec = None if isinstance(model, str) else model
        self.connections = connections or Connections()

    @abstractmethod
    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> Any:
        """Do the work; what is returned becomes the task's XCom, so it must be small."""

    def execute(self, context: Context) -> Any:
        """Open the ports, find the spec, take the step."""
        return self.step(*self.opened(), context)

    def opened(self) -> tuple[Ports, ModelSpec]:
        """The ports, by Airflow's connections, and the spec."""
        from everfit_airflow.hooks.everfit import EverfitHook
        from everfit_airflow.logs import tell_library_logs

        tell_library_logs()
        self._hook = EverfitHook(self.connections)
        spec = self.spec()
        return self._hook.ports_for(spec), spec

    def spending(self, ports: Ports, step: str, device: str = "cpu") -> AbstractContextManager[Account]:
        """Measure the block as a step of a training run, at the installation's prices (`steps.spending`)."""
        from everfit.steps.spending import spending
        from everfit_airflow.logs import say

        return spending(ports, self.prices(), self.model, step, say, device)

    def prices(self) -> Prices | None:
        """The installation's price list."""
        return self._hook.prices()

    def tell(self, lineage: Callable[..., openlineage.Lineage], *made: Any) -> None:
        """Remember for OpenLineage what was read and made: one of the functions of `openlineage`, and its values."""
        self._told = partial(lineage, self._hook.place, self.spec(), *made)

    def get_openlineage_facets_on_complete(self, _: Any) -> OperatorLineage[Any, Any] | None:
        """What OpenLineage's provider asks of an operator whose task has ended, if it is configured to send events."""
        return openlineage.facets(self._told(), self.spec()) if self._told else None

    def spec(self) -> ModelSpec:
        """The model's spec: the one given, or the file of that name as it is now."""
        from everfit.spec import load_spec

        return self._spec or load_spec(self.model)


def attempt_of(context: Context) -> str:
    """The name of this very attempt, by which the ledger fences off older ones.

    It ends in the try number, so that each retry is a new attempt.
    """
    ti = context["ti"]
    index = getattr(ti, "map_index", -1)
    return f"{ti.dag_id}/{ti.run_id}/{ti.task_id}[{index}]#{ti.try_number}"
