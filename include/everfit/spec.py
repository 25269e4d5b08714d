"""The model spec: the one YAML that describes a model, checked into frozen objects.

`load_spec("flight_delays")` reads `include/models/flight_delays/model.yaml`; everything that a team can write in it is a
field below, with its meaning; the JSON schema for editors (`everfit schema`) is made from these same classes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from everfit.values import Device

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Frozen(BaseModel):
    """A part of the spec: nothing in it changes once read, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TableSpec(Frozen):
    """One table of a batch: the file that carries it, and the columns that matter."""

    file: str = Field(description="Name of the file in the batch folder: .parquet, .csv, .csv.gz or .jsonl.")
    expectations: str | None = Field(
        None, description="Great Expectations suite (JSON), relative to the model's folder; default expectations/<table>.json."
    )


class DataSpec(Frozen):
    """Where batches arrive and what is in them."""

    landing: str = Field(description="Folder under the landing place; each folder in it is one batch, named by its partition.")
    tables: dict[Name, TableSpec] = Field(description="The tables of a batch; the first one is the main table.", min_length=1)
    complete_when: str = Field("_SUCCESS", description="A batch is complete once this file is in its folder.")
    look_every: float = Field(10, ge=1, description="Seconds between two looks at the landing place.")
    look_for: float = Field(86_400, ge=5, description="Seconds after which one look-out ends and the next begins.")


class WindowSpec(Frozen):
    """Which accepted batches a training run uses."""

    batches: int = Field(6, ge=2, description="The newest so many batches, the holdout included.")
    holdout: int = Field(1, ge=1, description="The newest so many of them are kept for judging.")
    at_least: int = Field(2, ge=2, description="Do not train on fewer batches than this.")


class TrainSpec(Frozen):
    """How a model is trained."""

    algorithm: str = Field("xgboost", description="A file in everfit/models.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the algorithm.")
    seed: int = Field(0, ge=0, description="The seed of everything random in training.")
    device: Device = Field(Device.AUTO, description="auto takes a GPU if there is one.")


class ScheduleSpec(Frozen):
    """When to train by itself."""

    cron: str | None = Field(None, description="Cron expression in UTC; leave out to train on new data and by hand only.")
    on_new_data: bool = Field(True, description="Train when a batch was accepted.")


class ModelSpec(Frozen):
    """Everything everfit has to know about one model."""

    name: Name = Field(description="The model's name: its folder, its DAGs and its registered model.")
    task: Literal["binary", "regression"] = Field(description="What is predicted.")
    label: str = Field(description="The column, made by rows(), that is predicted; rows without a value are not learnt from.")
    time: str = Field(description="The column, made by rows(), that says when a row happened.")
    title: str = Field("", description="One line for people.")
    owner: str = Field("everfit", description="Who answers for the model: shown as the owner of its DAGs.")
    data: DataSpec
    window: WindowSpec = WindowSpec()
    features: str = Field("features.py", description="The feature code, relative to the model's folder.")
    train: TrainSpec = TrainSpec()
    gates: tuple[Any, ...] = Field((), description="What a candidate must pass, each a file in everfit/gates with its settings.")
    schedule: ScheduleSpec = ScheduleSpec()
    folder: Path = Field(Path(), exclude=True, description="Where the spec was read from; set by load_spec.")
