"""The part of a model spec that says which rows are scored batch by batch, and what is written of them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from everfit.spec.data import FOLDER
from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen, Name
from everfit.spec.training import checked_cron

OURS = ("id", "time", "model", "version", "flags")
"""The columns that everfit writes beside the key and the scores."""
EVERY = "*/15 * * * *"


class ScoreSpec(Frozen):
    """Predictions for whole batches, written as Parquet by `<model>_score`."""

    of: Literal["batches", "landing"] = Field(
        default="batches",
        description="What is scored. batches: every batch that is accepted to learn from. landing: deliveries of "
        "their own, in `folder`, whose outcome nobody knows yet.",
    )
    folder: str = Field(
        default="",
        pattern=rf"^$|{FOLDER}",
        description="With of: landing, the folder under the landing place; in it each delivery is as `data` says.",
    )
    key: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="Columns made by rows() that stand beside each score, so that it is known whose it is.",
    )
    unknown: dict[Name, Annotated[tuple[str, ...], Field(strict=False)]] = Field(
        default_factory=dict,
        description="With of: landing, the columns of each table that nobody knows yet, such as the outcome: no "
        "expectation is asked of them, and rows() finds them without values.",
    )
    in_pieces: bool = Field(
        default=False,
        description="rows() makes each row from its own row of the main table and from the other tables: then the main "
        "table is read a piece at a time, and memory does not grow with it.",
    )
    cron: str | None = Field(
        default=None,
        description=f"When to look, as a cron expression in UTC. Left out: with of: landing {EVERY}, else only when a "
        "batch is accepted.",
    )

    @property
    def look(self) -> str | None:
        """When to look by the clock, None for never."""
        return self.cron or (EVERY if self.of == "landing" else None)

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, cron: str | None) -> str | None:
        return cron if cron is None else checked_cron(cron)

    @field_validator("key")
    @classmethod
    def _key_stands_beside_ours(cls, key: tuple[str, ...]) -> tuple[str, ...]:
        taken = [name for name in key if name in OURS or name.startswith("score")]
        if taken:
            found = f"found {taken[0]!r}, which is a column that everfit writes itself"
            raise complaint([Mistake((), f"{found}; leave it out, or let rows() make it under another name")])
        if len(set(key)) < len(key):
            raise complaint([Mistake((), "found a column twice, wanted each once")])
        return key

    @model_validator(mode="after")
    def _folder_is_named(self) -> Self:
        if (self.of == "landing") != bool(self.folder):
            found = repr(self.folder) if self.folder else "no folder"
            raise complaint([Mistake(("folder",), f"found {found} with of: {self.of}; wanted one with of: landing")])
        if self.unknown and self.of != "landing":
            raise complaint([Mistake(("unknown",), "is for of: landing; of an accepted batch everything is known")])
        return self
