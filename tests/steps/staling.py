"""A model that gets stale at a known pace, in a simulated ledger that is written as the DAGs write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from everfit.ledger.entries import RunTriggered
from everfit.spec import ModelSpec, RetrainSpec
from everfit.steps.why_now import NotNow
from everfit.values import Took
from tests.steps.queueing import Hall, measured, spec_of

MODEL, ROWS, COST = "m", 1000, 50.0
WORTH = {"loss_costs": 1.0, "unit": "EUR"}
"""A thousand rows per batch: one unit of loss costs 1 EUR with each."""


def linear(born: int, step: int) -> float:
    """What a model loses in a step beyond a fresh one: its age."""
    return float(step - born)


@dataclass
class World:
    """Batches arrive one by one; `stale(born, step)` is what a model made before step `born` loses in `step`.

    A run sees what it gains over the champion, give or take `noise`, and costs 50 EUR.
    """

    house: Hall
    spec: ModelSpec
    stale: Callable[[int, int], float] = linear
    noise: float = 0.0
    random: Random = field(default_factory=lambda: Random(7))
    steps: int = 0
    born: int = 0
    lost: float = 0.0
    retrains: list[int] = field(default_factory=list)
    because: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def begin(self) -> World:
        """With a first champion."""
        self.house.accept(MODEL, *(f"a{number}" for number in range(3)), rows=ROWS)
        self.ran(self.asked("a person"))
        return self

    def asked(self, why: str = "new data") -> RunTriggered | NotNow:
        return self.house.trigger(self.spec, why)

    def ran(self, run: Any) -> None:
        """A run that was triggered comes to its end: judged, and promoted if it is better."""
        view = self.house.view(MODEL)
        if view.champion is None:
            return self.house.promote(run, MODEL, took=Took(100.0, COST, "EUR"))
        gained = self.stale(self.born, self.steps) + self.noise * self.random.gauss(0, 1)
        verdict = measured(gained, self.noise, gate="beats_champion")
        if gained > 0:
            self.house.promote(run, MODEL, verdict, took=Took(100.0, COST, "EUR"))
            self.born = self.steps
        else:
            self.house.judge(run, MODEL, verdict, took=Took(100.0, COST, "EUR"))
        return None

    def step(self) -> None:
        """One more batch is answered, and arrives with its labels."""
        self.lost += self.stale(self.born, self.steps)
        self.steps += 1
        self.house.wait(days=1)
        self.house.accept(MODEL, f"b{self.steps:04}", rows=ROWS)

    def live(self, steps: int) -> World:
        """So many batches, after each of which somebody asks whether to train."""
        for last in range(steps):
            self.step()
            if last + 1 == steps:
                break
            found = self.asked()
            if isinstance(found, NotNow):
                self.words.append(found.words)
                continue
            self.retrains.append(self.steps)
            self.because += found.because
            self.ran(found)
        return self

    @property
    def cost(self) -> float:
        """Staleness and runs, in EUR."""
        return self.lost + COST * len(self.retrains)


def world(
    house: Hall,
    stale: Callable[[int, int], float] = linear,
    noise: float = 0.0,
    seed: int = 7,
    **settings: Any,
) -> World:
    """A model whose only trigger is `worth_it`, with a first champion."""
    when = [{"worth_it": WORTH | settings}]
    spec = spec_of(MODEL).model_copy(update={"retrain": RetrainSpec(when=when)})
    return World(house, spec, stale, noise, Random(seed)).begin()
