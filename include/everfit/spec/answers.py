"""The part of a model spec that says what is answered to a request that is not like the training data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen

Action = Literal["refuse", "flag", "abstain", "previous", "constant"]
FINDINGS = (
    "empty",
    "missing_feature",
    "wrong_type",
    "missing_value",
    "unseen_category",
    "out_of_range",
    "out_of_distribution",
    "low_confidence",
)
"""What can be found of a row, in the order in which it is looked for."""
CLASSES = ("binary", "multiclass")
EVEN = 0.5


def _constant(item: Any) -> Any:
    """A number, or numbers by the names of classes or quantiles; YAML reads the name 0.1 as a number."""
    if isinstance(item, Mapping) and item:
        named = {f"{key:g}" if isinstance(key, float) else str(key): value for key, value in item.items()}
        if all(map(_is_number, named.values())):
            return {key: float(value) for key, value in named.items()}
    elif item is None or _is_number(item):
        return item
    raise complaint([Mistake((), f"found {item!r}, wanted a number, or one for each class or quantile by its name")])


class AnswersSpec(Frozen):
    """What is answered to odd rows: refuse the request (422), answer and flag the row, abstain (a null with its flag),
    let the champion before this one answer (previous), or give a constant; all of them say so."""

    empty: Action = Field(default="refuse", description="No rows at all, or a row in which every input is missing.")
    missing_feature: Action = Field(
        default="refuse", description="A row has no key for an input. With flag it is taken as null."
    )
    wrong_type: Action = Field(
        default="refuse", description="An input holds something of another kind. With flag it is taken as null."
    )
    missing_value: Action = Field(default="flag", description="A null in an input that no training row lacked.")
    unseen_category: Action = Field(
        default="flag", description="A text that fewer than five training rows had, in an input of categories."
    )
    out_of_range: Action = Field(default="flag", description="A number outside of all those of the training rows.")
    out_of_distribution: Action = Field(
        default="flag",
        description="More unusual inputs at a time than a thousandth of the training rows had.",
    )
    low_confidence: Action = Field(
        default="flag", description="The model is not sure enough: see confidence and width; without them, never."
    )
    confidence: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Of the tasks binary and multiclass: the most probable class needs at least this probability.",
    )
    width: float | None = Field(
        default=None, gt=0, description="Of the task quantile: the outermost quantiles may be so far apart, at most."
    )
    constant: Annotated[Any, BeforeValidator(_constant, json_schema_input_type=float | dict[str, float] | None)] = (
        Field(
            default=None,
            description="The answer where it says constant: a number, or one for each class or quantile by its name.",
        )
    )

    @property
    def actions(self) -> dict[str, Action]:
        """What is done, by what was found."""
        return {name: getattr(self, name) for name in FINDINGS}


def answer_mistakes(answers: AnswersSpec, task: str, quantiles: tuple[float, ...]) -> Iterator[Mistake]:
    """Bars of another task, a constant that is missing, without use or of another shape."""
    if answers.confidence is not None and task not in CLASSES:
        yield Mistake(("answers", "confidence"), f"is for {' and '.join(CLASSES)}, and the task is {task}: take it out")
    elif answers.confidence is not None and task == "binary" and answers.confidence <= EVEN:
        wanted = "more than 0.5: the more probable one of two classes has always that much"
        yield Mistake(("answers", "confidence"), f"found {answers.confidence:g}, wanted {wanted}")
    if answers.width is not None and (task != "quantile" or len(quantiles) < len(("low", "high"))):
        yield Mistake(("answers", "width"), "is for the task quantile with at least two quantiles: take it out")
    off = answers.confidence is None and answers.width is None
    if off and answers.low_confidence != AnswersSpec.model_fields["low_confidence"].default:
        bar = "width" if task == "quantile" else "confidence"
        said = f"found {answers.low_confidence}, and no bar below which confidence is low: add answers.{bar}"
        yield Mistake(
            ("answers", "low_confidence"), said if task in (*CLASSES, "quantile") else f"has no bar in {task}"
        )
    yield from _constant_mistakes(answers, task, quantiles)


def _constant_mistakes(answers: AnswersSpec, task: str, quantiles: tuple[float, ...]) -> Iterator[Mistake]:
    at, given = ("answers", "constant"), answers.constant
    users = [name for name, action in answers.actions.items() if action == "constant"]
    if given is None:
        if users:
            yield Mistake(("answers", users[0]), "found constant, and no constant to answer with: add answers.constant")
        return
    if not users:
        yield Mistake(at, "nothing is answered with it: write constant where it is to be given, or take it out")
    if (task in ("multiclass", "quantile")) != _is_map(given):
        wanted = "a number for each class or quantile by its name" if not _is_map(given) else "a number"
        yield Mistake(at, f"found {given!r}, wanted {wanted}, as the task {task} answers")
    elif task == "quantile" and (
        list(given) != [f"{level:g}" for level in quantiles] or list(given.values()) != sorted(given.values())
    ):
        wanted = f"rising numbers for {', '.join(f'{level:g}' for level in quantiles)}"
        yield Mistake(at, f"found {given!r}, wanted {wanted}")
    elif task in CLASSES and any(not 0 <= one <= 1 for one in (given.values() if _is_map(given) else [given])):
        yield Mistake(at, f"found {given!r}, wanted chances from 0 to 1")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)
