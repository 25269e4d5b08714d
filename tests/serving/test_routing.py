"""The laws of dealing: equal keys get equal versions, shares are shares, and who was in stays in."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.serving.routing import dealt, unseen
from everfit.values import Route

ROUTE = Route("m", champion=1, previous=None, challenger=2, share=0.05, key="customer", salt="m:7")


def mine(route: Route, value: Any) -> bool:
    return dealt(route, [{"customer": value}], os.urandom(8))[0] == "challenger"


@given(st.text() | st.integers() | st.floats(allow_nan=False), st.floats(0.01, 1), st.integers(1, 99))
def test_the_same_key_gets_the_same_version_whatever_else_is_in_the_request(value: Any, share: float, seq: int) -> None:
    route = replace(ROUTE, share=share, salt=f"m:{seq}")
    once = dealt(route, [{"customer": value, "x": 1}], b"1")
    assert once == dealt(route, [{"x": 2, "customer": value}, {"customer": value}], b"2")


@given(st.integers(), st.floats(0, 1), st.floats(0, 1))
def test_whoever_is_in_the_smaller_share_is_in_the_larger_one(value: int, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert not mine(replace(ROUTE, share=small), value) or mine(replace(ROUTE, share=large), value)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("key", ["customer", ""])
def test_the_share_is_the_share(share: float, key: str) -> None:
    """Within 4.5 standard errors of 20,000 callers: beyond that once in 150,000 times, and with a key never."""
    route, n = replace(ROUTE, share=share, key=key), 20_000
    noise = (one.to_bytes(8) for one in range(n)) if key else (os.urandom(8) for _ in range(n))
    found = sum(dealt(route, [{"customer": one}], drawn)[0] == "challenger" for one, drawn in enumerate(noise))
    assert abs(found / n - share) < 4.5 * math.sqrt(share * (1 - share) / n)


def test_another_rollout_deals_anew() -> None:
    """Else the same customers would be the first to meet every new version."""
    first = {one for one in range(5_000) if mine(ROUTE, one)}
    second = {one for one in range(5_000) if mine(replace(ROUTE, salt="m:9"), one)}
    assert len(first & second) < 0.15 * len(first)


def test_nobody_gets_the_challenger_by_sitting_beside_somebody_who_does() -> None:
    route = replace(ROUTE, share=0.5)
    inside, outside = (next(one for one in range(99) if mine(route, one) is wanted) for wanted in (True, False))
    rows = [{"customer": inside}, {"customer": inside}]
    assert dealt(route, rows, b"") == ("challenger", str(inside))
    assert dealt(route, [*rows, {"customer": outside}], b"")[0] == "champion"
    assert dealt(route, [*rows, {"customer": None}], b"") == ("champion", str(inside))


def test_a_caller_without_the_key_is_the_champions() -> None:
    assert dealt(replace(ROUTE, share=1.0), [{"other": 1}], b"") == ("champion", "")


@pytest.mark.parametrize(("one", "other"), [(7, 7.0), (7, "7"), ("UA", " UA ")])
def test_a_number_or_its_text_is_the_same_caller(one: Any, other: Any) -> None:
    for seq in range(50):
        route = replace(ROUTE, share=0.5, salt=f"m:{seq}")
        assert mine(route, one) == mine(route, other)


def test_without_a_rollout_everybody_is_the_champions() -> None:
    assert dealt(Route("m", 1), [{}], b"") == ("champion", "")
    assert dealt(Route("m", 1, None, None, share=0.5), [{}], b"") == ("champion", "")


def test_whoever_did_not_answer_scores_in_the_shadow() -> None:
    both = replace(ROUTE, shadows=("champion", "challenger"))
    assert (unseen(both, "champion"), unseen(both, "challenger")) == (("challenger",), ("champion",))
    assert unseen(ROUTE, "champion") == ()
