"""Prices, and what attempts and steps add up to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.cost import Bill, Prices, Spent, Use
from everfit.errors import SpecError

PRICES = Prices("EUR", cpu_core=0.04, memory_gib=0.005, gpu={"H200": 4.0, "H200 NVL": 3.6, "any": 1.0})
amount = st.floats(0, 1e6)
uses = st.builds(Use, seconds=amount, cpu_seconds=amount, peak_memory_mb=amount)
spent = st.builds(
    lambda step, use: Spent(step, use, PRICES.cost(use), "EUR"), st.sampled_from(["resolve", "train", "judge"]), uses
)


def test_an_hour_of_everything() -> None:
    assert PRICES.cost(Use(3600, 0, 0)) == 0
    assert PRICES.cost(Use(3600, 7200, 0)) == pytest.approx(0.08)
    assert PRICES.cost(Use(3600, 0, 4096)) == pytest.approx(0.02)
    assert PRICES.cost(Use(1800, 0, 0, "NVIDIA H200")) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("name", "price"), [("NVIDIA H200", 4.0), ("NVIDIA H200 NVL", 3.6), ("nvidia h200", 4.0), ("Tesla T4", 1.0)]
)
def test_the_longest_word_of_a_gpus_name_sets_its_price(name: str, price: float) -> None:
    assert PRICES.gpu_price(name) == price


def test_a_gpu_without_a_price_makes_the_cost_unknown_and_not_small() -> None:
    prices = Prices("EUR", cpu_core=0.04, gpu={"A100": 2.0})
    assert prices.cost(Use(10, 10, 10, "NVIDIA H200")) is None
    known, unknown = Spent("judge", Use(1, 1, 1), 0.1, "EUR"), Spent("train", Use(1, 1, 1, "H200"), None, "EUR")
    bill = Bill.of([known, unknown])
    assert (bill.total, bill.currency) == (None, "EUR")
    assert "cost_total" not in bill.metrics
    assert "cost_train" not in bill.metrics
    assert bill.metrics["cost_judge"] == 0.1


def test_two_currencies_are_not_added() -> None:
    bill = Bill.of([Spent("train", Use(1, 1, 1), 1.0, "EUR"), Spent("judge", Use(1, 1, 1), 1.0, "USD")])
    assert (bill.total, bill.currency) == (None, "")
    again = Bill.of([Spent("train", Use(1, 1, 1), 1.0, "EUR"), Spent("train", Use(1, 1, 1), 1.0, "USD")])
    assert again.steps[0].cost is None


def test_nothing_was_taken_at_first() -> None:
    assert (Bill.of([]).seconds, Bill.of([]).peak_memory_mb, Bill.of([]).total) == (0, 0, None)


@given(st.lists(spent, max_size=12))
def test_a_bill_is_the_sum_of_its_attempts(attempts: list[Spent]) -> None:
    bill = Bill.of(attempts)
    assert bill.seconds == pytest.approx(sum(one.use.seconds for one in attempts))
    assert bill.cpu_seconds == pytest.approx(sum(one.use.cpu_seconds for one in attempts))
    assert bill.peak_memory_mb == max((one.use.peak_memory_mb for one in attempts), default=0)
    assert sum(bill.attempts.values()) == len(attempts)
    if attempts:
        assert bill.total == pytest.approx(sum(one.cost or 0 for one in attempts))
        assert bill.metrics["cost_total"] == bill.total


@given(uses, st.floats(1, 10))
def test_a_longer_step_never_costs_less(use: Use, times: float) -> None:
    longer = Use(use.seconds * times, use.cpu_seconds * times, use.peak_memory_mb)
    assert PRICES.cost(longer) == pytest.approx((PRICES.cost(use) or 0) * times)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], r"found \[\], wanted a price list"),
        ({"cpu_core": 1}, "wanted a price list"),
        ({"currency": ""}, "wanted a price list"),
        ({"currency": "EUR", "cpu": 1}, "no price 'cpu'"),
        ({"currency": "EUR", "memory_gib": -1}, "found -1 as the price of memory_gib, wanted a number of at least 0"),
        ({"currency": "EUR", "cpu_core": "cheap"}, "found 'cheap' as the price of cpu_core"),
        ({"currency": "EUR", "cpu_core": True}, "found True as the price of cpu_core"),
        ({"currency": "EUR", "gpu": 3}, "found 3 as gpu, wanted words of names"),
        ({"currency": "EUR", "gpu": {"H200": float("nan")}}, "found nan as the price of H200"),
    ],
)
def test_a_wrong_price_list_is_refused_with_its_place(data: object, said: str) -> None:
    with pytest.raises(SpecError, match=f"^here: .*{said}"):
        Prices.read(data, "here")
