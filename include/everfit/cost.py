"""What the steps of a training run took of the machine, and what that costs by an installation's price list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from everfit.errors import SpecError, did_you_mean

HOUR = 3600.0
GIB = 1024.0  # MB
ANY = "any"


@dataclass(frozen=True)
class Use:
    """What one attempt at a step took: seconds, CPU seconds of all its threads and children, the most memory that it
    held at a time (MB, resident), and the name of the GPU that it kept others from ("" for none)."""

    seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    gpu: str = ""


@dataclass(frozen=True)
class Prices:
    """What an hour costs: of a CPU core, of a GiB of memory, and of a GPU by a word of its name.

    Of the words that are in a GPU's name the longest counts, and `any` if none is.

    >>> prices = Prices("EUR", cpu_core=0.04, memory_gib=0.005, gpu={"H100": 2.5, "H100 NVL": 2.9})
    >>> round(prices.cost(Use(3600, 7200, 2048, gpu="NVIDIA H100 NVL")), 3)
    2.99
    """

    currency: str
    cpu_core: float = 0.0
    memory_gib: float = 0.0
    gpu: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Any, where: str) -> Prices:
        """The price list from plain data; `SpecError` says what is wrong `where`.

        >>> Prices.read({"currency": "EUR", "cpu_cores": 0.04}, "prices")
        Traceback (most recent call last):
        everfit.errors.SpecError: prices: there is no price 'cpu_cores'; did you mean 'cpu_core'? (known: cpu_core, \
currency, gpu, memory_gib)
        """
        if not isinstance(data, Mapping) or not isinstance(data.get("currency"), str) or not data["currency"]:
            raise SpecError(
                f'{where}: found {data!r}, wanted a price list like {{"currency": "EUR", "cpu_core": 0.04}}'
            )
        unknown = sorted(set(data) - set(cls.__dataclass_fields__))
        if unknown:
            raise SpecError(
                f"{where}: there is no price {unknown[0]!r}{did_you_mean(unknown[0], cls.__dataclass_fields__)}"
            )
        gpu = data.get("gpu", {})
        if not isinstance(gpu, Mapping):
            raise SpecError(f'{where}: found {gpu!r} as gpu, wanted words of names with prices, like {{"H100": 2.5}}')
        for name, price in [*((name, data.get(name, 0.0)) for name in ("cpu_core", "memory_gib")), *gpu.items()]:
            if isinstance(price, bool) or not isinstance(price, int | float) or not isfinite(price) or price < 0:
                raise SpecError(
                    f"{where}: found {price!r} as the price of {name}, wanted a number of at least 0, per hour"
                )
        return cls(**{**data, "gpu": {str(name): float(price) for name, price in gpu.items()}})

    def cost(self, use: Use) -> float | None:
        """What it costs: CPU by the time that it computed, memory and GPU by the time for which they were held.

        None if the GPU has no price: a sum without its largest part would be worse than none.
        """
        card = self.gpu_price(use.gpu) if use.gpu else 0.0
        if card is None:
            return None
        held = use.seconds / HOUR
        return use.cpu_seconds / HOUR * self.cpu_core + held * (use.peak_memory_mb / GIB * self.memory_gib + card)

    def gpu_price(self, name: str) -> float | None:
        """What an hour of a GPU of that name costs, None if nobody has said it."""
        words = [word for word in self.gpu if word != ANY and word.lower() in name.lower()]
        return self.gpu[max(words, key=len)] if words else self.gpu.get(ANY)


@dataclass(frozen=True)
class Spent:
    """What one attempt at a step took, and its cost at that day's prices (None: no price list, or none for its GPU)."""

    step: str
    use: Use
    cost: float | None = None
    currency: str = ""


@dataclass(frozen=True)
class Bill:
    """What a run took so far, step by step, all attempts at a step together."""

    steps: tuple[Spent, ...]
    attempts: Mapping[str, int]

    @classmethod
    def of(cls, attempts: Iterable[Spent]) -> Bill:
        """Add the attempts up: seconds and costs are summed, of memory the most counts.

        >>> bill = Bill.of([Spent("train", Use(10, 15, 800), 0.5, "EUR"), Spent("train", Use(5, 8, 900), 0.25, "EUR")])
        >>> bill.steps[0].use, bill.total, bill.attempts
        (Use(seconds=15, cpu_seconds=23, peak_memory_mb=900, gpu=''), 0.75, {'train': 2})
        """
        found: dict[str, list[Spent]] = {}
        for one in attempts:
            found.setdefault(one.step, []).append(one)
        return cls(tuple(map(_together, found.values())), {step: len(several) for step, several in found.items()})

    @property
    def seconds(self) -> float:
        """Of all steps; they do not run side by side."""
        return sum(one.use.seconds for one in self.steps)

    @property
    def cpu_seconds(self) -> float:
        """Of all steps."""
        return sum(one.use.cpu_seconds for one in self.steps)

    @property
    def peak_memory_mb(self) -> float:
        """The most that a step held."""
        return max((one.use.peak_memory_mb for one in self.steps), default=0.0)

    @property
    def currency(self) -> str:
        """What the costs are in, "" if they are not known or not all in the same."""
        known = {one.currency for one in self.steps}
        return known.pop() if len(known) == 1 else ""

    @property
    def total(self) -> float | None:
        """What the run cost so far; None if one step's cost is not known, or if two are in different currencies."""
        costs = [one.cost for one in self.steps]
        return sum(cost for cost in costs if cost is not None) if self.currency and None not in costs else None

    @property
    def metrics(self) -> dict[str, float]:
        """The same as metrics: `seconds_train`, `cpu_seconds_train`, `peak_memory_mb_train`, `cost_train`, sums."""
        found = {"seconds_total": self.seconds, "cpu_seconds_total": self.cpu_seconds}
        for one in self.steps:
            found[f"seconds_{one.step}"] = one.use.seconds
            found[f"cpu_seconds_{one.step}"] = one.use.cpu_seconds
            found[f"peak_memory_mb_{one.step}"] = one.use.peak_memory_mb
            if one.cost is not None:
                found[f"cost_{one.step}"] = one.cost
        return found if self.total is None else found | {"cost_total": self.total}


def _together(attempts: list[Spent]) -> Spent:
    uses, costs = [one.use for one in attempts], [one.cost for one in attempts]
    one_currency = len({one.currency for one in attempts}) == 1
    return Spent(
        step=attempts[0].step,
        use=Use(
            seconds=sum(use.seconds for use in uses),
            cpu_seconds=sum(use.cpu_seconds for use in uses),
            peak_memory_mb=max(use.peak_memory_mb for use in uses),
            gpu=next((use.gpu for use in uses if use.gpu), ""),
        ),
        cost=sum(cost for cost in costs if cost is not None) if one_currency and None not in costs else None,
        currency=attempts[0].currency if one_currency else "",
    )
