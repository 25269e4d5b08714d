"""The form of `<model>_train` in Airflow's UI, what its answers mean, and the field that several forms have.

Airflow checks a known field against its JSON schema before the run exists; unknown fields, and whatever reached the run
by another way, are checked again by `Answers` in the first task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from airflow.sdk import Param
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from everfit.errors import SpecError, did_you_mean
from everfit.gpu import DEVICE

if TYPE_CHECKING:
    from everfit.spec import ModelSpec, WindowSpec

PARTITION = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
MOST_BATCHES = 520
DEVICES = ("auto", "cpu", "cuda", *(f"cuda:{number}" for number in range(8)))
"""What the form offers: as many GPUs as a large machine has, and whatever the spec names."""


class Answers(BaseModel):
    """What a person (or nobody) asked of a training run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batches: int | None = Field(None, ge=2, le=MOST_BATCHES)
    until: str | None = Field(None, pattern=PARTITION)
    device: str = Field("auto", pattern=DEVICE)
    force: bool = False
    note: Annotated[str, BeforeValidator(lambda note: note or "")] = Field("", max_length=2_000)


def train_form(spec: ModelSpec) -> dict[str, Param]:
    """The typed fields, with the spec's values as defaults.

    None has a section: Airflow's form shows those at once and keeps sections closed. A field that may stay empty allows
    null: the form counts an empty text as missing, and would not let anybody trigger.
    """
    return {
        "batches": Param(
            spec.window.size,
            type="integer" if spec.window.size else ["null", "integer"],
            minimum=spec.window.at_least,
            maximum=MOST_BATCHES,
            title="Batches",
            description_md=_about_batches(spec.window),
        ),
        "until": Param(
            None,
            type=["null", "string"],
            pattern=PARTITION,
            title="Up to batch",
            description_md="The newest batch to use, such as 2013-05. Empty: the newest there is.",
        ),
        "device": Param(
            spec.train.device,
            type="string",
            enum=list(dict.fromkeys([*DEVICES, spec.train.device])),
            title="Device",
            description_md="auto takes a GPU if there is one, cuda the first one; cuda:1 is the second.",
        ),
        "force": Param(
            False,
            type="boolean",
            title="Train even if nothing is new",
            description_md="Else a run whose data was trained on before is skipped.",
        ),
        "note": Param(
            None,
            type=["null", "string"],
            format="multiline",
            maxLength=2_000,
            title="Note",
            description_md="Why this run? Kept in the ledger and in MLflow.",
        ),
    }


def reason(description: str) -> Param:
    """The field of a form in which a person says why; it cannot stay empty."""
    return Param(
        type="string",
        minLength=3,
        maxLength=2_000,
        title="Reason",
        description_md=f"{description} Kept in the ledger for good.",
        format="multiline",
    )


def _about_batches(window: WindowSpec) -> str:
    empty = "" if window.size else f" Empty: {window.words}."
    return f"How many of the newest to use; the last **{window.holdout}** only to judge on.{empty}"


def read_answers(params: Any, conf: dict[str, Any] | None) -> Answers:
    """Check what arrived in the run; `SpecError` says which field was wrong and what it may be."""
    unknown = sorted(set(conf or {}) - set(Answers.model_fields))
    if unknown:
        raise SpecError(
            f"the form of this DAG has no field {unknown[0]!r}{did_you_mean(unknown[0], Answers.model_fields)}"
        )
    given = {name: params[name] for name in Answers.model_fields if name in params}
    try:
        return Answers.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise SpecError(f"field {field!r} of the form is {first['input']!r}: {first['msg'].lower()}") from error
