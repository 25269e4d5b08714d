"""What the pages show of a model: all of it read from its ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit_airflow.views.champion import Champion, champion
from everfit_airflow.views.decisions import Line, decisions
from everfit_airflow.views.deliveries import Delivery, deliveries
from everfit_airflow.views.watched import Watched, watched

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Ports


@dataclass(frozen=True)
class Story:
    """One model's page."""

    model: str
    view: View
    rows: int
    champion: Champion | None
    deliveries: tuple[Delivery, ...]
    lines: tuple[Line, ...]
    watched: Watched | None


@dataclass(frozen=True)
class Broken:
    """A model whose ledger cannot be believed, and why."""

    model: str
    reason: str


def overview(ports: Ports) -> list[Story | Broken]:
    """Every model that has a ledger; one that is broken does not hide the others."""
    names = sorted({key.split("/")[1] for key in ports.store.list("ledger")})
    return [_told(ports, name) for name in names]


def story(ports: Ports, model: str) -> Story:
    """One model, with the chain of hashes checked; a model without a ledger has an empty story.

    Errors: `LedgerError` for a ledger that is not what was written.
    """
    view = ports.ledger(model).view()
    return Story(
        model=model,
        view=view,
        rows=sum(batch.rows for _, batch in view.batches),
        champion=champion(view, model, ports.registry.run_url),
        deliveries=deliveries(view),
        lines=decisions(view, model),
        watched=watched(view, model),
    )


def _told(ports: Ports, model: str) -> Story | Broken:
    from everfit.errors import LedgerError

    try:
        return story(ports, model)
    except LedgerError as error:
        return Broken(model, str(error))
