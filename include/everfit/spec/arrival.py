"""The part of a model spec that says when a delivery is whole, when it counts, and what wakes everfit up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from everfit.spec.mistakes import Mistake, complaint, in_our_words
from everfit.spec.parts import Frozen
from everfit.spec.training import checked_cron

PLAIN_FILE = r"^[^./\\][^/\\]*$"


class Marker(Frozen):
    """A delivery is complete once this file is there, which the source writes last."""

    marker: str = Field(
        pattern=PLAIN_FILE, description="Name of the file; with each: file, * stands for the delivered file's name."
    )

    @property
    def mark(self) -> str:
        """The name of the file that completes a delivery."""
        return self.marker


class Manifest(Frozen):
    """A delivery is complete once all files are there that this JSON file lists, with their sizes."""

    manifest: str = Field(
        pattern=PLAIN_FILE, description="Name of the file; with each: file, * stands for the delivered file's name."
    )

    @property
    def mark(self) -> str:
        """The name of the file that completes a delivery."""
        return self.manifest


class Unchanged(Frozen):
    """A delivery is complete once its files have had the same sizes, times and ETags for so long, by our own clock."""

    unchanged_for: float = Field(ge=1, description="Seconds without a change.")

    @property
    def mark(self) -> str:
        """No file completes such a delivery."""
        return ""


_WAYS: dict[str, type[Frozen]] = {"marker": Marker, "manifest": Manifest, "unchanged_for": Unchanged}


def _one_way(item: Any) -> Any:
    """The way as written: a marker's name, or one of the ways with its value."""
    if isinstance(item, str):
        return _made("marker", {"marker": item}, ())
    if isinstance(item, Mapping) and len(item) == 1 and (way := next(iter(item))) in _WAYS:
        return _made(way, item, (way,))
    if isinstance(item, tuple(_WAYS.values())):
        return item
    wanted = "the name of a marker file, or one of {marker: NAME}, {manifest: NAME} and {unchanged_for: SECONDS}"
    raise complaint([Mistake((), f"found {'nothing' if item is None else repr(item)}, wanted {wanted}")])


def _made(way: str, item: Mapping[str, Any], at: tuple[str, ...]) -> Any:
    try:
        return _WAYS[way].model_validate(item)
    except ValidationError as error:
        raise complaint([Mistake(at, _in_words(mistake)) for mistake in in_our_words(error, _WAYS[way])]) from error


def _in_words(mistake: Mistake) -> str:
    return mistake.text.replace(PLAIN_FILE, f"{PLAIN_FILE}: the name of a file, no folder and no dot before it")


CompleteWhen = Annotated[
    Marker | Manifest | Unchanged,
    BeforeValidator(
        _one_way, json_schema_input_type=Annotated[str, Field(pattern=PLAIN_FILE)] | Marker | Manifest | Unchanged
    ),
]


class CountsWhen(Frozen):
    """What a delivery must at least have before it is taken, and how long a person lets it wait for that."""

    files: int | None = Field(default=None, ge=1, description="So many files.")
    rows: int | None = Field(default=None, ge=1, description="So many rows in the main table.")
    within: float | None = Field(
        default=None,
        ge=1,
        description="Seconds that an incomplete or short delivery may wait; then a task fails once, so that a person "
        "is told.",
    )


class WakeSpec(Frozen):
    """What wakes the ingest DAG up. What is new it reads from the ledger, whatever woke it."""

    by: Literal["look", "watch", "queue"] = Field(
        default="look",
        description="look: one run after the other waits in the triggerer. watch: a run starts when something is "
        "there. queue: a run starts when a message arrives in an SQS queue.",
    )
    queue: str | None = Field(default=None, pattern=r"^https?://[^\s]+$", description="URL of the SQS queue.")
    connection: str = Field(
        default="everfit_landing", min_length=1, description="Airflow connection (aws) that reaches the queue."
    )
    sweep: str = Field(
        default="*/15 * * * *",
        description="With watch and queue: cron expression in UTC; a run then looks for itself, so that no lost event "
        "loses a batch.",
    )

    @field_validator("sweep")
    @classmethod
    def _is_cron(cls, sweep: str) -> str:
        return checked_cron(sweep)

    @model_validator(mode="after")
    def _queue_is_named(self) -> Self:
        if (self.by == "queue") != (self.queue is not None):
            found = "no URL" if self.queue is None else repr(self.queue)
            raise complaint([Mistake(("queue",), f"found {found} with by: {self.by}; wanted one with by: queue only")])
        return self
