"""What each step of a training run took and cost: kept in the store by attempt, and told to the run's MLflow page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit import gpu
from everfit.cost import Bill, Prices, Spent, Use
from everfit.errors import Unreachable
from everfit.steps.meter import Meter
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Ports, Progress

STEPS = ("resolve", "features", "search", "train", "evaluate", "judge", "register", "deploy")


@dataclass
class Account:
    """Whom a step's costs are put down to: the step may say which training run it worked for, and its MLflow run."""

    run: str = ""
    mlflow_run: str = ""

    def for_version(self, view: View, version: int) -> None:
        """Put it down to the run that made a version; to nobody if there is no such version."""
        if version in view.versions:
            self.run, self.mlflow_run = view.trained_on(version).run, view.versions[version].mlflow_run


@contextmanager
def spending(
    ports: Ports, prices: Prices | None, model: str, step: str, progress: Progress, device: str = "cpu"
) -> Iterator[Account]:
    """Measure the block as one attempt at a step of a training run, and keep what it took, also if it raises.

    The block names the run on the account. On a `device` with a GPU, the attempt pays for that from beginning to end,
    since nobody else gets it meanwhile. What a killed process took is not known to anybody and not kept. A registry
    that is away fails no step whose work is done: the next step tells it.
    """
    account = Account()
    card = gpu.find(device)
    meter = Meter()
    try:
        with meter:
            yield account
    finally:
        if account.run:
            spent = _priced(step, meter.use(), card, prices)
            _keep(ports, model, account.run, spent)
            if prices and spent.cost is None:
                progress(f"what this step cost is not known: the price list has no price for the GPU {spent.use.gpu!r}")
    if account.run and account.mlflow_run:
        try:
            ports.registry.measure(account.mlflow_run, bill(ports, model, account.run).metrics)
        except Unreachable as error:
            progress(f"what this step took is in the store, but not in MLflow yet: {error}")


def bill(ports: Ports, model: str, run: str, before: str | None = None) -> Bill:
    """What a run has taken so far; with `before`, only by the steps that come before that one."""
    wanted = STEPS[: STEPS.index(before)] if before else STEPS
    found = [load(Spent, json.loads(ports.store.read(key))) for key in ports.store.list(_folder(model, run))]
    return Bill.of(sorted((one for one in found if one.step in wanted), key=lambda one: STEPS.index(one.step)))


def _priced(step: str, use: Use, card: gpu.Gpu | None, prices: Prices | None) -> Spent:
    use = replace(use, gpu=card.name) if card else use
    cost = prices.cost(use) if prices else None
    return Spent(step, use, cost, prices.currency if prices else "")


def _keep(ports: Ports, model: str, run: str, spent: Spent) -> None:
    number, data = 1, canonical(dump(spent))
    while not ports.store.create(f"{_folder(model, run)}/{spent.step}-{number}.json", data):
        number += 1


def _folder(model: str, run: str) -> str:
    return f"spent/{model}/{run}"
