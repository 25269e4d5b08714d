"""What the trials of a search may cost, and what one of them has cost so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from everfit import gpu
from everfit.cost import Prices, Use
from everfit.errors import SpecError
from everfit.models.memory import Peak

if TYPE_CHECKING:
    from everfit.spec import ModelSpec

MIB = 2**20


@dataclass(frozen=True)
class Purse:
    """The search's money: `most` of it (None: nobody asks), the price list, and the card that a trial holds."""

    most: float | None
    prices: Prices | None
    card: str

    @classmethod
    def of(cls, spec: ModelSpec, prices: Prices | None, device: str) -> Purse:
        """The purse that the spec asks for. Errors: `SpecError` if there is a budget in money and no price for it."""
        most = spec.train.search.budget.money if spec.train.search else None
        found = gpu.find(device)
        card = found.name if found else ""
        if most is not None and prices is None:
            raise SpecError(
                f"{spec.name}: train.search.budget.money is {most:g}, and nobody has said what anything costs: set the "
                "price list (Airflow's variable everfit_prices, or EVERFIT_PRICES), or budget trials or seconds"
            )
        if most is not None and prices is not None and card and prices.gpu_price(card) is None:
            raise SpecError(
                f"{spec.name}: train.search.budget.money is {most:g}, and the price list has no price for the GPU "
                f"{card!r}: add one under `gpu`"
            )
        return cls(most, prices, card)

    def open(self) -> Callable[[], float | None]:
        """Begin to count: what is returned says what it has cost since, None where there are no prices."""
        if (prices := self.prices) is None:
            return lambda: None
        begin, cpu, peak = perf_counter(), process_time(), Peak()

        def cost() -> float | None:
            return prices.cost(Use(perf_counter() - begin, process_time() - cpu, peak.held() / MIB, self.card))

        return cost
