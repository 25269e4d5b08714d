"""The parts of a model spec: its data, window, training and schedule, each with what it means and what it may be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from everfit import catalog
from everfit.errors import UnknownName
from everfit.spec.building import build
from everfit.spec.mistakes import Mistake, complaint
from everfit.values import Device

NAME = r"^[a-z][a-z0-9_]{0,62}$"
FOLDER = r"^[A-Za-z0-9_][^/\\]*(/[A-Za-z0-9_][^/\\]*)*$"
TABLE_FILE = r"^[^/\\]+\.(parquet|csv|csv\.gz|jsonl)$"
PLAIN_FILE = r"^[^./\\][^/\\]*$"
Name = Annotated[str, Field(pattern=NAME)]


class Frozen(BaseModel):
    """A part of the spec: nothing in it changes once read, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class TableSpec(Frozen):
    """One table of a batch: the file that carries it, and the columns that matter."""

    file: str = Field(
        pattern=TABLE_FILE, description="Name of the file in the batch folder: .parquet, .csv, .csv.gz or .jsonl."
    )
    expectations: str | None = Field(
        default=None,
        description="Great Expectations suite (JSON) in the model's folder; default expectations/<table>.json.",
    )

    def suite(self, table: str) -> str:
        """Where the table's expectations are, relative to the model's folder."""
        return self.expectations or f"expectations/{table}.json"


class DataSpec(Frozen):
    """Where batches arrive and what is in them."""

    landing: str = Field(
        pattern=FOLDER,
        description="Folder under the landing place; each folder in it is one batch, named by its partition.",
    )
    tables: dict[Name, TableSpec] = Field(
        description="The tables of a batch; the first one is the main table.", min_length=1
    )
    complete_when: str = Field(
        default="_SUCCESS", pattern=PLAIN_FILE, description="A batch is complete once this file is in its folder."
    )
    look_every: float = Field(default=10, ge=1, description="Seconds between two looks at the landing place.")
    look_for: float = Field(
        default=3_600, ge=5, description="Seconds after which one look-out ends and the next begins."
    )

    @field_validator("tables")
    @classmethod
    def _suites_exist(cls, tables: dict[str, TableSpec], info: ValidationInfo) -> dict[str, TableSpec]:
        folder = folder_being_read(info)
        missing = [
            Mistake((name,), f"found no file {folder / table.suite(name)}, wanted the table's expectations there")
            for name, table in tables.items()
            if folder and not (folder / table.suite(name)).is_file()
        ]
        if missing:
            raise complaint(missing)
        return tables


class WindowSpec(Frozen):
    """Which accepted batches a training run uses."""

    batches: int = Field(default=6, ge=2, description="The newest so many batches, the holdout included.")
    holdout: int = Field(default=1, ge=1, description="The newest so many of them are kept for judging.")
    at_least: int = Field(default=2, ge=2, description="Do not train on fewer batches than this.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        mistakes = []
        if self.at_least > self.batches:
            wanted = f"at most {self.batches}, the number of batches"
            mistakes.append(Mistake(("at_least",), f"found {self.at_least}, wanted {wanted}"))
        if self.holdout >= self.at_least:
            wanted = f"less than at_least ({self.at_least}), so that something is left to learn from"
            mistakes.append(Mistake(("holdout",), f"found {self.holdout}, wanted {wanted}"))
        if mistakes:
            raise complaint(mistakes)
        return self


class TrainSpec(Frozen):
    """How a model is trained."""

    algorithm: str = Field(default="xgboost", description="A file in everfit/models.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the algorithm.")
    seed: int = Field(default=0, ge=0, description="The seed of everything random in training.")
    device: Device = Field(default=Device.AUTO, strict=False, description="auto takes a GPU if there is one.")

    def make(self) -> Any:
        """The algorithm with its parameters, ready to `fit`."""
        return build(catalog.algorithm(self.algorithm), self.params)

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        try:
            kind = catalog.algorithm(self.algorithm)
        except UnknownName as error:
            raise complaint([Mistake(("algorithm",), str(error))]) from error
        build(kind, self.params, at=("params",))
        return self


class ScheduleSpec(Frozen):
    """When to train by itself."""

    cron: str | None = Field(
        default=None, description="Cron expression in UTC; leave out to train on new data and by hand only."
    )
    on_new_data: bool = Field(default=True, description="Train when a batch was accepted.")

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, cron: str | None) -> str | None:
        if cron is None:
            return None
        # 0.03 s that a spec without a schedule need not pay
        from croniter import CroniterError, croniter  # type: ignore[import-untyped]

        wanted = "five fields (minute hour day month weekday) or a word like @daily"
        if not cron.startswith("@") and len(cron.split()) != len("mhdmw"):
            raise complaint([Mistake((), f"found {cron!r}, wanted {wanted}")])
        try:
            croniter(cron)
        except (CroniterError, ValueError, KeyError) as error:
            raise complaint([Mistake((), f"found {cron!r} ({error}), wanted {wanted}")]) from error
        return cron


def folder_being_read(info: ValidationInfo) -> Path | None:
    """The model's folder while `load_spec` reads a file; None for a spec that is built in Python."""
    return info.context["folder"] if info.context else None
