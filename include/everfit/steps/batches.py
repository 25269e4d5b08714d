"""The rows of a snapshot's batches, each made where it is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from everfit.features import FeatureCode, Inputs
from everfit.steps.rows import batch_rows
from everfit.values import Batch

if TYPE_CHECKING:
    import pandas as pd

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class BatchRows:
    """One batch, whose rows are made when they are first asked for; sent to another machine, they are made there again.

    With `inputs`, the input columns are of the types that those have. `summed_up` are the batch's facts, if the feature
    code has a function for them and they have been made: these are small and travel.
    """

    ports: Ports
    spec: ModelSpec
    code: FeatureCode
    batch: Batch
    inputs: Inputs | None = None
    summed_up: pd.DataFrame | None = None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows."""
        made = batch_rows(self.ports, self.spec, self.code, self.batch)
        return made if self.inputs is None else self.inputs.put_into(made)

    @property
    def facts(self) -> pd.DataFrame:
        """What history() needs to know of the batch."""
        return self.code.facts(self.frame) if self.summed_up is None else self.summed_up

    def with_inputs(self, inputs: Inputs) -> BatchRows:
        """The same rows with typed inputs; rows that have been made here are taken over."""
        typed = replace(self, inputs=inputs)
        if "frame" in vars(self):
            vars(typed)["frame"] = inputs.put_into(vars(self).pop("frame"))
        return typed

    def with_facts(self, facts: pd.DataFrame) -> BatchRows:
        """The same batch, which need not make its rows again to say its facts."""
        known = replace(self, summed_up=facts)
        vars(known).update({name: made for name, made in vars(self).items() if name == "frame"})
        return known

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "frame"}
