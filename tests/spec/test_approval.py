"""The part of a spec that asks people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from everfit.errors import SpecError
from everfit.spec import ApprovalSpec, load_spec


@pytest.mark.parametrize(
    ("within", "time"),
    [("90m", timedelta(minutes=90)), ("24h", timedelta(days=1)), ("3d", timedelta(days=3)), (None, None)],
)
def test_how_long_people_have(within: str | None, time: timedelta | None) -> None:
    assert ApprovalSpec(within=within).time == time


@pytest.mark.parametrize("within", ["0h", "24", "h", "1.5h", "24 h", "24H", "2w"])
def test_another_spelling_is_a_mistake(within: str) -> None:
    with pytest.raises(ValidationError, match="within"):
        ApprovalSpec(within=within)


def test_who_wants_a_default_to_promote_has_to_say_when() -> None:
    with pytest.raises(ValidationError, match="found promote, and no deadline after which to do so: add within"):
        ApprovalSpec(otherwise="promote")


def test_without_it_nobody_is_asked_and_a_wrong_word_is_named() -> None:
    spec = load_spec("flight_delays")
    assert spec.promotion.approval is None
    said = spec.model_dump(mode="json") | {"promotion": {"approval": {"four_eye": True}}}
    with pytest.raises(
        SpecError, match=r"promotion\.approval\.four_eye: there is no such key; did you mean 'four_eyes'"
    ):
        type(spec).model_validate(said)
