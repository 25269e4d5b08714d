"""The part of a model spec that says where batches arrive, what is in them, and what they must keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_serializer, field_validator, model_validator

from everfit import catalog
from everfit.errors import did_you_mean
from everfit.spec.arrival import CompleteWhen, CountsWhen, WakeSpec
from everfit.spec.building import rule_from
from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen, Name, folder_being_read, suites_needed
from everfit.values import dump

FOLDER = r"^[A-Za-z0-9_][^/\\]*(/[A-Za-z0-9_][^/\\]*)*$"
TABLE_FILE = r"^[^/\\]+\.(parquet|csv|csv\.gz|jsonl)$"


class TableSpec(Frozen):
    """One table of a batch: the file that carries it, and the columns that matter."""

    file: str = Field(
        pattern=TABLE_FILE,
        description="Name of the file in a delivery: .parquet, .csv, .csv.gz or .jsonl. With a * in it, all files "
        "whose names fit are parts of the table, in the order of their names.",
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

    def fits(self, name: str) -> bool:
        """Whether a delivered file of this name is the table's, or a part of it."""
        return _pattern(self.file).fullmatch(name) is not None


class DataSpec(Frozen):
    """Where batches arrive and what is in them."""

    landing: str = Field(
        pattern=FOLDER,
        description="Folder under the landing place; each folder in it is one batch, named by its partition.",
    )
    each: Literal["folder", "file"] = Field(
        default="folder",
        description="folder: each folder is one batch. file: each file is one; the * in the only table's file is its "
        "partition.",
    )
    tables: dict[Name, TableSpec] = Field(
        description="The tables of a batch; the first one is the main table.", min_length=1
    )
    complete_when: CompleteWhen = Field(
        default="_SUCCESS",
        validate_default=True,
        description="When no file of a delivery is still being written. A name, or marker: this file is there. "
        "manifest: all files are there that this JSON file lists. unchanged_for: nothing has changed for so many "
        "seconds.",
    )
    counts_when: CountsWhen = Field(default=CountsWhen(), description="What a delivery must at least have.")
    wake: WakeSpec = Field(default=WakeSpec(), description="What wakes the ingest DAG up.")
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
            for name in sorted(_tables_of(rule) - set(self.tables))
        ]
        if wrong:
            raise complaint(wrong)
        return self

    def parts(self, names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """The files of each table among the delivered ones, in the order of their names; none for a table without.

        A file that one table names exactly is not a part of another table whose pattern it happens to fit.
        """
        there = sorted(names)
        exact = {table.file for table in self.tables.values()}
        return {
            name: tuple(one for one in there if one == table.file or (one not in exact and table.fits(one)))
            for name, table in self.tables.items()
        }

    def unnamed(self, names: Iterable[str]) -> tuple[str, ...]:
        """The delivered files that no table names, by name."""
        there = set(names)
        used = {name for parts in self.parts(there).values() for name in parts}
        return tuple(sorted(there - used))

    def partition_of(self, name: str) -> str | None:
        """With `each: file`, the partition that a file of this name brings; None for any other file."""
        (table,) = self.tables.values()
        found = _pattern(table.file).fullmatch(name)
        return found[1] if found else None

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
            if folder and suites_needed(info) and not (folder / table.suite(name)).is_file()
        ]
        if missing:
            raise complaint(missing)
        return tables

    @model_validator(mode="after")
    def _names_fit_deliveries(self) -> Self:
        mistakes = list(self._of_a_file() if self.each == "file" else self._of_a_folder())
        if mistakes:
            raise complaint(mistakes)
        return self

    def _of_a_folder(self) -> Iterator[Mistake]:
        if "*" in self.complete_when.mark:
            found = repr(self.complete_when.mark)
            yield Mistake(("complete_when",), f"found {found}, wanted a name without *; that is for each: file")

    def _of_a_file(self) -> Iterator[Mistake]:
        name, table = next(iter(self.tables.items()))
        if len(self.tables) > 1:
            yield Mistake(("tables",), f"found {len(self.tables)}, wanted one; with each: file a batch is one file")
        elif table.file.count("*") != 1:
            yield Mistake(
                ("tables", name, "file"), f"found {table.file!r}, wanted one * in it, which is the partition: '*.csv'"
            )
        mark = self.complete_when.mark
        if mark and (mark.count("*") != 1 or table.fits(mark.replace("*", table.file.replace("*", "1")))):
            wanted = "a name with one * for the delivered file's, like '*.done', that is not a table's itself"
            yield Mistake(("complete_when",), f"found {mark!r}, wanted {wanted}")
        if (self.counts_when.files or 1) > 1:
            found = f"found {self.counts_when.files}"
            yield Mistake(("counts_when", "files"), f"{found}, wanted 1; with each: file a batch is one file")


def _tables_of(rule: Any) -> frozenset[str]:
    """The tables that a rule names: those that it says itself, else the one in its setting `table`."""
    if hasattr(rule, "tables"):
        return frozenset(rule.tables)
    return frozenset(rule.table for setting in fields(rule) if setting.name == "table")


@cache
def _pattern(file: str) -> re.Pattern[str]:
    """A table's file as a pattern: each * is any text, and a group."""
    return re.compile("(.*)".join(map(re.escape, file.split("*"))))
