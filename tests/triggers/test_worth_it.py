"""When a retrain is worth it, by what the ledger says: what it goes by, what it says, and that it never pays twice."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from everfit.spec import RetrainSpec
from everfit.statistics.renewal import Renewal
from everfit.triggers import Occasion, Reason, Staleness
from everfit.triggers.worth_it import WorthIt
from everfit.values import Batch, Took

NOW = datetime(2013, 6, 3, tzinfo=UTC)
SETTINGS = WorthIt(1.0, "EUR", run_costs=48.0)
SEEN = Staleness(3, 9000, (1000,) * 10, tried=9, shown=(Renewal(4, 9000, 9000, 4, 0.2), Renewal(9, 9000, 9000, 9, 0.2)))
FRESH = ((7, Batch("2013-05", 1, "7", 1000, (), "")), (8, Batch("2013-06", 1, "8", 1000, (), "")))


def ask(seen: Staleness | None, settings: WorthIt = SETTINGS) -> Reason:
    return settings.fires(Occasion(NOW, FRESH, staleness=seen))


def test_it_waits_until_keeping_the_champion_has_cost_a_run() -> None:
    early = ask(replace(SEEN, since=(1000,) * 9))
    assert not early.holds
    assert early.words.startswith("keeping version 3 for 9 batches has cost 36 EUR, and a run costs 48 EUR: ")
    assert early.events == ()
    due = ask(SEEN)
    assert due.holds
    assert due.events == (7, 8)
    assert due.words.startswith("keeping version 3 for 10 batches has cost 45 EUR, and a run costs 48 EUR: ")
    assert due.words.endswith(", by 2 earlier runs")


def test_twice_as_much_traffic_or_a_dearer_loss_is_waited_for_less() -> None:
    busy, dear = replace(SEEN, since=(2000,) * 7), replace(SEEN, since=(1000,) * 7)
    assert ask(busy).holds
    assert ask(dear, replace(SETTINGS, loss_costs=2.0)).holds
    assert not ask(dear).holds


def test_where_the_next_model_is_used_for_little_no_run_is_paid() -> None:
    assert ask(SEEN, replace(SETTINGS, horizon=6)).holds
    assert not ask(SEEN, replace(SETTINGS, horizon=4)).holds
    assert "expected to save 40 EUR over the next 4" in ask(SEEN, replace(SETTINGS, horizon=4)).words


def test_a_run_that_brought_nothing_is_not_paid_for_again_at_once() -> None:
    """Its candidate was refused, so the champion is as old as before: a new run has to be earned anew."""
    again = replace(SEEN, paid=10)
    assert ask(again).words == "no batch has come since the last run that could make it worth another one"
    more = [replace(SEEN, since=(1000,) * count, paid=10) for count in range(11, 16)]
    assert [ask(seen).holds for seen in more] == [False, False, False, True, True]


def test_what_a_run_costs_is_learnt_from_earlier_ones() -> None:
    took = (
        Took(1000.0, 50.0, "EUR"),
        Took(10.0, 40.0, "EUR"),
        Took(20.0, 60.0, "EUR"),
        Took(30.0, 90.0, "USD"),
        Took(25.0, 0.0, "CHF"),
    )
    seen = replace(SEEN, took=took)
    assert "a run costs 50 EUR" in ask(seen, WorthIt(1.0, "EUR")).words
    assert "a run costs 25 s" in ask(seen, WorthIt(1.0)).words
    assert "a run costs 7 EUR" in ask(seen, WorthIt(1.0, "EUR", run_costs=7.0)).words
    assert "no judged run says what it cost in CHF" in ask(seen, WorthIt(1.0, "CHF")).words
    unknown = ask(seen, WorthIt(1.0, "GBP"))
    assert not unknown.holds
    assert unknown.words == (
        "no judged run says what it cost in GBP: wanted worth_it.run_costs, or a run that does, by a price list in "
        "that currency"
    )


def test_without_a_champion_any_model_is_worth_it() -> None:
    assert ask(None).holds
    assert not SETTINGS.fires(Occasion(NOW)).holds


@pytest.mark.parametrize(
    ("tried", "age", "holds"), [(0, 1, True), (1, 1, False), (1, 2, True), (4, 7, False), (4, 8, True)]
)
def test_with_too_little_evidence_it_finds_out_and_says_so(tried: int, age: int, holds: bool) -> None:
    seen = replace(SEEN, since=(1000,) * age, tried=tried, shown=())
    found = ask(seen)
    assert found.holds is holds
    assert found.words.startswith("how fast version 3 gets stale is not known: no earlier runs could be held against")
    waits = ask(seen, replace(SETTINGS, explore=False))
    assert not waits.holds
    assert waits.words.endswith("; it waits for runs that others start")


def test_noise_alone_is_no_reason() -> None:
    shown = (Renewal(4, 9000, 9000, 0.5, 8.0), Renewal(9, 9000, 9000, -1.0, 8.0))
    found = ask(replace(SEEN, shown=shown))
    assert not found.holds
    assert "by 2 earlier runs it is not sure that it gets stale; it may be" in found.words
    assert found.words.endswith("it finds out with 18 new batches, there are 10")
    assert ask(replace(SEEN, shown=shown, since=(1000,) * 18)).holds, "nobody has looked that far, and it may be much"
    ends = replace(SETTINGS, horizon=1)
    assert not ask(replace(SEEN, shown=shown, since=(1000,) * 18), ends).holds, "whatever it finds, it saves too little"
    sharp = tuple(replace(one, better=0.0, error=0.001) for one in shown)
    assert not ask(replace(SEEN, shown=sharp, since=(1000,) * 40)).holds, "it cannot have cost a run"


def test_more_rows_are_a_reason_too_where_the_window_grows() -> None:
    """Nothing gets stale: what a new model gains, it gains by having more rows, less and less."""
    sizes = [1000, 2000, 4000, 8000]
    shown = tuple(
        Renewal((now - before) / 1000, before, now, 900 * (before**-0.5 - now**-0.5), 0.02)
        for before, now in itertools.pairwise(sizes)
    )
    small, large = (Staleness(3, rows, (1000,) * 8, tried=4, shown=shown) for rows in (2000, 200_000))
    assert ask(small).holds
    assert not ask(large).holds


RENEWALS = st.builds(
    Renewal,
    age=st.integers(1, 60),
    before=st.just(9000),
    now=st.sampled_from([9000, 12_000]),
    better=st.floats(-5, 20),
    error=st.floats(0, 5),
)
STALENESS = st.builds(
    Staleness,
    champion=st.just(3),
    rows=st.integers(1, 10**6),
    since=st.lists(st.integers(0, 5000), max_size=60).map(tuple),
    paid=st.integers(0, 60),
    tried=st.integers(0, 60),
    shown=st.lists(RENEWALS, max_size=6).map(tuple),
)


@given(STALENESS)
def test_the_same_evidence_is_never_paid_for_twice(seen: Staleness) -> None:
    """Once a run with all that there is has been judged, nothing but another batch is a reason."""
    assert not ask(replace(seen, paid=seen.age)).holds
    found = ask(seen)
    if found.holds and "to find out" in found.words:
        assert seen.age >= max(2 * seen.tried, 1)
        assert not ask(replace(seen, paid=0, tried=seen.age)).words.endswith("to find out")


@given(STALENESS)
def test_it_never_pays_with_nothing_to_gain(seen: Staleness) -> None:
    settled = replace(SETTINGS, explore=False)
    found = ask(seen, settled)
    weighed = settled.weighed(seen)
    if found.holds:
        assert weighed is not None
        assert weighed.worth.net > 0
        assert weighed.gain[0] > weighed.gain[1] > 0
        assert weighed.owed.value + weighed.owed.half >= weighed.owed.cost
    worse = tuple(replace(one, better=-abs(one.better)) for one in seen.shown)
    assert not ask(replace(seen, shown=worse), settled).holds


@given(STALENESS, st.integers(1, 30))
def test_who_may_be_paid_for_now_may_be_after_another_batch(seen: Staleness, rows: int) -> None:
    assume(seen.since)
    if ask(seen).holds:
        mean = round(seen.per_batch)
        assert ask(replace(seen, since=(*seen.since, max(mean, rows)))).holds


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "worth_it.loss_costs: wanted what it costs if the mean loss is higher by 1 on 1,000 rows, such as 40"),
        ({"loss_costs": -1}, "worth_it.loss_costs: wanted a number above 0, found -1.0"),
        ({"loss_costs": 1, "run_costs": 0}, "worth_it.run_costs: wanted a number above 0, found 0.0"),
        ({"loss_costs": 1, "horizon": 0}, "worth_it.horizon: wanted a whole number of at least 1, found 0"),
        ({"loss_costs": 1, "unit": ""}, "worth_it.unit: wanted a name, found ''"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RetrainSpec(when=[{"worth_it": settings}])


def test_a_new_batch_may_be_a_reason() -> None:
    spec = RetrainSpec(when=[{"all_of": [{"worth_it": {"loss_costs": 1}}]}])
    assert spec.on_new_data
    assert spec.worth_it == WorthIt(1.0)
    assert RetrainSpec().worth_it is None
