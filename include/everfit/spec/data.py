"""The part of a model spec that says where batches arrive, what is in them, and what they must keep."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_serializer, field_validator, model_validator

from everfit import catalog
from everfit.errors import did_you_mean
from everfit.spec.building import rule_from
from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen, Name, folder_being_read
from everfit.values import dump

FOLDER = r"^[A-Za-z0-9_][^/\\]*(/[A-Za-z0-9_][^/\\]*)*$"
TABLE_FILE = r"^[^/\\]+\.(parquet|csv|csv\.gz|jsonl)$"
PLAIN_FILE = r"^[^./\\][^/\\]*$"


class TableSpec(Frozen):
    """One table of a batch: the file that carries it, and the columns that matter."""

    file: str = Field(
        pattern=TABLE_FILE, description="Name of the file in the batch folder: .parquet, .csv, .csv.gz or .jsonl."
    )
    expectations: str | None = Field(
        default=None,
        description="Great Expectations suite (JSON) in the model's folder; default expectations/<table>.json.",
    )

    quarantine_at_most: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Part of the rows that expectations with on_failure: quarantine_rows may take out; more stops the "
        "batch.",
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

    rules: tuple[Annotated[Any, BeforeValidator(rule_from)], ...] = Field(
        default=(),
        strict=False,
        description="What a batch must keep beyond its columns, each a file in everfit/validation/rules with its "
        "settings.",
    )

    @model_validator(mode="after")
    def _rules_know_their_tables(self) -> Self:
        wrong = [
            Mistake(("rules", place), f"there is no table {name!r}{did_you_mean(name, self.tables)}")
            for place, rule in enumerate(self.rules)
            for name in sorted(getattr(rule, "tables", frozenset()) - set(self.tables))
        ]
        if wrong:
            raise complaint(wrong)
        return self

    @field_serializer("rules")
    def _rules_by_name(self, rules: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [{catalog.name_of(type(rule)): dump(rule)} for rule in rules]

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
