"""The parts of a model spec that say how a model is trained, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from everfit import catalog, refuse
from everfit.errors import UnknownName, did_you_mean
from everfit.gpu import DEVICE
from everfit.models.space import Dimension, OneOf, Space
from everfit.spec.building import build
from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen
from everfit.spec.pool import PoolSpec
from everfit.spec.search import SearchSpec

OURS = "train."
BATCHES, HALF_LIFE = f"{OURS}batches", f"{OURS}half_life"
"""How a study names what is searched for beside the algorithm's own parameters."""


class WarmStartSpec(Frozen):
    """Go on from the champion with a few more rounds on the new data, instead of from nothing.

    The candidate is judged like any other. Where the champion knows the holdout, or has other features, or is the last
    of its generations, the candidate begins from nothing with the algorithm's own number of rounds.
    """

    rounds: int = Field(default=20, ge=1, description="So many rounds are added to the champion's.")
    generations: int = Field(
        default=8, ge=1, description="After so many in a row a model begins from nothing, lest it grow for ever."
    )


class EarlyStoppingSpec(Frozen):
    """When training ends by itself: judged on the newest training batches, never on the holdout."""

    rounds: int = Field(
        default=30, ge=1, description="End once so many rounds in a row have made it no better on the watched batches."
    )
    batches: int = Field(
        default=1, ge=1, description="The newest so many of the training batches are watched instead of learnt from."
    )
    refit: bool = Field(
        default=True,
        description="Then train the number of rounds that was best on all training batches; with false the model that "
        "has not learnt from the watched ones is kept.",
    )


ClassName = Annotated[str, BeforeValidator(lambda name: str(name) if isinstance(name, int) else name)]
SIZE = r"^(?:auto|([1-9][0-9]*(?:\.[0-9]+)?) ?(MB|GB))$"
UNITS = {"MB": 10**6, "GB": 10**9}


class TrainSpec(Frozen):
    """How a model is trained."""

    algorithm: str = Field(default="xgboost", description="A file in everfit/models.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the algorithm.")
    weight: str = Field(default="", description="A column, made by rows(): how much each row counts in training.")
    class_weights: Literal["balanced"] | dict[ClassName, Annotated[float, Field(gt=0)]] | None = Field(
        default=None,
        description="balanced: all classes count the same together; or how much a row of a class counts, {late: 3}.",
    )
    half_life: float | None = Field(
        default=None, gt=0, description="Days after which a row counts half in training; the newest counts 1."
    )
    seed: int = Field(default=0, ge=0, description="The seed of everything random in training.")
    device: str = Field(
        default="auto",
        description="auto takes a GPU if there is one; cpu, cuda, or cuda:1 for a certain GPU of the machine.",
        json_schema_extra={"pattern": DEVICE},
    )
    fallback: Literal["none", "cpu"] = Field(
        default="none",
        description="What to train on when the GPU that device asks for is not there; none: the run fails.",
    )
    early_stopping: EarlyStoppingSpec | None = Field(
        default=None, description="End training when it no longer helps; without it, all rounds of params are trained."
    )
    pool: PoolSpec = PoolSpec()
    batches: int | None = Field(
        default=None, ge=1, description="Learn from only the newest so many of the window's training batches."
    )
    warm_start: WarmStartSpec | None = Field(
        default=None, description="Go on from the champion instead of from nothing; not together with a search."
    )
    search: SearchSpec | None = Field(
        default=None, description="Search for better parameters before each training; without it, `params` it is."
    )
    memory: str = Field(
        default="auto",
        description="How much memory training may take: `4 GB`, `800 MB`, or auto for most of what is free. Beyond "
        "it, training goes on in external memory.",
        json_schema_extra={"pattern": SIZE},
    )

    @property
    def memory_bytes(self) -> int | None:
        """`memory` in bytes, None for auto."""
        found = re.fullmatch(SIZE, self.memory)
        return int(float(found[1]) * UNITS[found[2]]) if found and found[1] else None

    def make(self) -> Any:
        """The algorithm with its parameters, ready to `fit`."""
        return build(catalog.algorithm(self.algorithm), self.params)

    @property
    def pool_name(self) -> str:
        """The Airflow pool of the tasks that train."""
        return self.pool.name or ("default_pool" if self.device == "cpu" else "gpu")

    @property
    def space(self) -> Space:
        """What is searched: the spec's own space, or else the algorithm's, and the training window if asked for."""
        if self.search is None:
            return {}
        own: Space = {name: one.dimension for name, one in self.search.space.items()}
        ours: dict[str, Dimension] = {}
        if self.search.batches:
            ours[BATCHES] = OneOf(self.search.batches)
        if self.search.half_life:
            ours[HALF_LIFE] = self.search.half_life.dimension
        return {**(own or catalog.algorithm(self.algorithm).search_space), **ours}

    @property
    def going_on(self) -> TrainSpec:
        """This spec as a candidate that goes on from the champion is trained with it."""
        added = {"rounds": self.warm_start.rounds} if self.warm_start else {}
        return self.model_copy(update={"params": {**self.params, **added}})

    def chosen(self, params: Mapping[str, Any]) -> TrainSpec:
        """This spec with what a search chose, and no search in it any more.

        `params` may have `train.batches` beside the algorithm's own parameters.
        """
        ours = {name.removeprefix(OURS): value for name, value in params.items() if name.startswith(OURS)}
        own = {name: value for name, value in params.items() if not name.startswith(OURS)}
        return self.model_copy(update={"search": None, "params": {**self.params, **own}, **ours})

    @field_validator("memory")
    @classmethod
    def _is_a_size(cls, memory: str) -> str:
        if not re.fullmatch(SIZE, memory):
            raise complaint([Mistake((), f"found {memory!r}, wanted auto or a size like 4 GB or 800 MB")])
        return memory

    @field_validator("device")
    @classmethod
    def _is_a_device(cls, device: str) -> str:
        if not re.match(DEVICE, device):
            raise complaint([Mistake((), f"found {device!r}{did_you_mean(device, ('auto', 'cpu', 'cuda', 'cuda:1'))}")])
        return device

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        try:
            kind = catalog.algorithm(self.algorithm)
        except UnknownName as error:
            raise complaint([Mistake(("algorithm",), str(error))]) from error
        build(kind, self.params, at=("params",))
        if self.early_stopping and "rounds" not in {setting.name for setting in fields(kind)}:
            said = f"the algorithm {self.algorithm!r} has no rounds that could end early: take it out"
            raise complaint([Mistake(("early_stopping",), said)])
        if self.early_stopping and self.batches and self.batches <= self.early_stopping.batches:
            said = f"found {self.early_stopping.batches}, wanted fewer than train.batches ({self.batches})"
            raise complaint([Mistake(("early_stopping", "batches"), said)])
        return self

    @model_validator(mode="after")
    def _can_go_on(self) -> Self:
        if self.warm_start and not catalog.algorithm(self.algorithm).goes_on:
            wanted = f"{self.algorithm} cannot go on from a model; take an algorithm that can, such as xgboost"
            raise complaint([Mistake(("warm_start",), wanted)])
        if self.warm_start and self.early_stopping:
            wanted = "the champion knows the batches that early stopping watches: take either of the two"
            raise complaint([Mistake(("warm_start",), wanted)])
        if self.warm_start and self.search:
            wanted = "the champion knows the batches that judge trials: take either a search or a warm start"
            raise complaint([Mistake(("warm_start",), wanted)])
        return self

    @model_validator(mode="after")
    def _can_be_searched(self) -> Self:
        """What fits at the ends of each range fits between them."""
        kind = catalog.algorithm(self.algorithm)
        if self.search and not self.space:
            raise complaint(
                [Mistake(("search", "space"), f"{self.algorithm} has no search space of its own: write one")]
            )
        for name, one in self.search.space.items() if self.search else ():
            for end in one.dimension.ends:
                build(kind, {**self.params, name: end}, at=("search", "space"))
        return self


class ScheduleSpec(Frozen):
    """When to rehearse going back, by itself; when to train is said under `retrain`."""

    rehearse: str | None = Field(
        default="10 4 * * *",
        description="Cron expression in UTC: when to rehearse going back to the version before the champion.",
    )

    @field_validator("rehearse")
    @classmethod
    def _is_cron(cls, cron: str | None) -> str | None:
        return None if cron is None else checked_cron(cron)


def checked_cron(cron: str) -> str:
    """The cron expression itself if it is one."""
    try:
        refuse.cron("", cron)
    except ValueError as error:
        raise complaint([Mistake((), str(error).removeprefix(": "))]) from error
    return cron
