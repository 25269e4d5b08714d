"""Requests that failed, and how long answers took."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.monitors.system import System
from everfit.statistics.calls import Calls
from everfit.values import Outcome, ServerLoad, Took
from tests.monitors.conftest import NOW, rows, seen
from tests.monitors.moved import part
from tests.nulls import draws

DAY = 86_400


def calls(seed, n=4_000, failing=0.002, seconds=0.02, days=14):
    """Requests of some days, up to now; hours differ in how busy the machine is."""
    random = np.random.default_rng(seed)
    at = np.sort(NOW.timestamp() - random.uniform(0, days * DAY, n))
    busy = np.exp(random.normal(0, 0.2, 24 * days + 1))[((NOW.timestamp() - at) // 3600).astype(int)]
    failed = random.random(n) < failing
    return Calls(at, failed, np.where(failed, np.nan, random.gamma(3, seconds / 3, n) * busy))


def watched(reference, now, was=None, level=0.05, **settings):
    return System(**settings).watch(seen(reference, rows(1, days=1), calls=now, calls_before=was, level=level))


def test_all_is_well(reference):
    found = watched(reference, calls(1), calls(2))
    assert found.outcome is Outcome.PASSED
    assert " of 4,000 requests failed, " in found.reason
    assert "p95 is 1 times what it was before (allowed 2)" in found.reason
    assert "memory" in found.blind_to
    assert len(found.course) in (14, 15)


def test_failing_requests_are_harm(reference):
    found = watched(reference, calls(1, failing=0.05), calls(2))
    assert found.harms
    assert found.reason.startswith(f"{100 * found.effect:.3g} % of 4,000 requests failed, ")
    assert found.low > found.bar == 0.01


def test_slow_answers_are_harm(reference):
    found = watched(reference, calls(1, seconds=0.2), calls(2, seconds=0.2), p95_at_most=0.1)
    assert found.harms
    assert found.reason.startswith("p95 of answers is 0.4")
    assert part(found, "errors").outcome is Outcome.PASSED


def test_so_are_answers_that_take_more_than_twice_as_long(reference):
    found = watched(reference, calls(1, seconds=0.08), calls(2))
    assert found.harms
    assert found.reason.startswith("p95 is 4")


def test_at_the_bars_it_harms_no_more_often_than_the_level(reference):
    seeds = min(draws(60), 1_000)
    limit = 0.05 * seeds + 2.5 * np.sqrt(0.0475 * seeds)
    true = np.quantile(np.concatenate([calls(1000 + seed, failing=0).seconds for seed in range(40)]), 0.95)
    found = [
        watched(reference, calls(seed, 2_000, 0.01), calls(5_000 + seed, 2_000, 0.01, seconds=0.01), p95_at_most=true)
        for seed in range(seeds)
    ]
    assert sum(one.harms for one in found) <= limit


def test_a_server_that_nearly_ran_out_of_memory_is_harm(reference):
    near = replace(calls(1), loads=[load(memory=2, left=8), load(memory=97, left=3), load(memory=5, left=5)])
    found = watched(reference, near, calls(2))
    assert found.harms
    assert found.reason == "the server held 97 GB of memory, 97 % of what it could have (allowed 95 %)"
    assert found.course == (), "the days' failures are not held against the bar of memory"
    assert watched(reference, near, calls(2), memory_at_most=0.98).outcome is Outcome.PASSED


def test_what_it_took_is_told(reference):
    now = replace(calls(1), loads=[load(busy=0.2), load(busy=1.7), load(busy=0.9)])
    took = [Took(90.0, 0.5, "EUR"), Took(30.0, 0.25, "EUR"), Took(60.0)]
    found = System().watch(seen(reference, rows(1, days=1), calls=now, took=took, level=0.05))
    assert found.outcome is Outcome.PASSED
    assert "the server held 1 GB of memory, 50 % of what it could have (allowed 95 %)" in found.reason
    assert "the server kept at most 1.7 of 2 cores busy" in found.reason
    assert found.reason.endswith("3 training runs took 3 minutes and cost 0.75 EUR")
    assert [part.name for part in found.parts][-3:] == ["memory", "cpu", "cost"]
    assert found.blind_to == "requests that never reached the server"


def load(memory=1.0, left=1.0, busy=0.5):
    return ServerLoad(NOW, int(memory * 1e9), int(left * 1e9), busy, 2)


def test_without_requests_it_cannot_tell(reference):
    empty = Calls(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0))
    assert watched(reference, None).reason == "no log of requests"
    assert watched(reference, empty).reason == "no request in this time"
    assert watched(reference, empty).outcome is Outcome.CANNOT_TELL


def test_few_requests_say_little(reference):
    found = watched(reference, calls(1, 12), calls(2, 5))
    assert found.outcome is Outcome.CANNOT_TELL
    assert "how long answers took is known of 12 requests, 20 are needed" in found.reason


def test_all_failed_within_one_hour(reference):
    dead = Calls(np.full(300, NOW.timestamp() - 60), np.ones(300, dtype=bool), np.full(300, np.nan))
    found = watched(reference, dead)
    assert found.harms
    assert found.reason.startswith("100 % of 300 requests failed (allowed 1 %)")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"errors_at_most": 2}, "errors_at_most: wanted a number from 0 to 1"),
        ({"p95_at_most": -1}, "p95_at_most: wanted a number of at least 0"),
        ({"memory_at_most": 1.5}, "memory_at_most: wanted a number from 0 to 1"),
        ({"slower_at_most": 0.5}, "slower_at_most: wanted a number of at least 1"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        System(**settings)
