"""Months played under several policies: what each came to, and that what was kept changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from everfit.errors import DataError, UnknownName
from everfit.ledger.entries import Monitored
from everfit.replay import chosen, compare
from everfit.spec import RetrainSpec

MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04")
MAY = "2024-05"


def decisions(outcome):
    """An outcome without what it took, which is measured and so never twice the same."""
    return replace(outcome, retrains=tuple(replace(one, took={}) for one in outcome.retrains))


def short(year):
    """The same with a window of two batches: one to learn from, one to be judged on."""
    return year.but(window=year.spec.window.model_copy(update={"batches": 2}))


def test_policies_train_when_they_say_and_the_first_model_is_the_same(year):
    for month in MONTHS:
        year.land(month)
    found = year.play("never", "monthly", "default")
    began = {name: [f"{run.at:%m-%d %H}" for run in one.retrains] for name, one in found.items()}
    assert began == {
        "never": ["03-01 01"],
        "monthly": ["03-01 01", "04-02 05"],
        "default": ["03-01 01", "04-01 01"],
    }
    assert [one.retrains[0].why for one in found.values()] == ["a person", "a person", "new data"]
    assert len({one.retrains[0].run for one in found.values()}) == 1
    assert {one.accepted for one in found.values()} == {4}
    assert sum(day.rows for day in found["never"].days) == 20 * 61 - 2


def test_what_was_played_before_is_read_and_changes_nothing(year):
    for month in MONTHS[:3]:
        year.land(month)
    cold = year.play("default", "monthly")
    warm = year.play("monthly", "default")
    assert warm == {name: cold[name] for name in warm}
    alone = year.play("monthly", home="elsewhere")
    assert decisions(alone["monthly"]) == decisions(cold["monthly"])
    year.said.clear()
    year.play("default")
    assert not year.said
    year.land(MONTHS[3])
    again = year.play("default")
    assert len(again["default"].retrains) == 2
    assert not any("round" in said for said in year.said if said < "2024-04")


def test_a_world_that_turns_over_costs_who_never_learns(year):
    for month in (*MONTHS, MAY):
        year.land(month, upside_down=month > "2024-02")
    never, default = compare(list(short(year).play("never", "default").values()))
    assert default.mean < never.mean
    assert never.regret == pytest.approx(never.mean - default.mean)
    assert never.low > 0
    assert (default.regret, default.efficient, never.efficient) == (0.0, True, True)
    assert never.outcome.seconds < default.outcome.seconds


def test_a_promotion_that_harmed_is_known_in_hindsight(year):
    """For two months all labels are wrong: who learnt from the first passes on the second, and is bad after both."""
    for month in (*MONTHS, MAY):
        year.land(month, upside_down=month in MONTHS[2:])
    found = short(year).play("default")["default"]
    assert [(one.version, one.previous, one.bad) for one in found.promotions] == [(1, None, False), (2, 1, True)]
    bad = found.promotions[1].hindsight
    assert bad.low > 0
    assert 30 <= bad.days <= 32
    assert found.bad == 1


def test_a_broken_delivery_is_refused_at_its_time(year):
    for month in MONTHS[:2]:
        year.land(month)
    year.break_(MONTHS[2])
    year.land(MONTHS[3])
    found = year.play("default")["default"]
    assert (found.accepted, found.refused) == (3, 1)
    landed = year.rehearsal().landed
    assert [one.delivery.partition for one in landed] == list(MONTHS)


def test_a_part_of_the_time_can_be_played(year):
    for month in MONTHS:
        year.land(month)
    since = datetime(2024, 3, 10, tzinfo=UTC)
    found = year.play("default", since=since, until=datetime(2024, 4, 1, tzinfo=UTC))["default"]
    assert [run.at for run in found.retrains] == [since]
    assert found.accepted == 3
    midnight = (since - datetime(1970, 1, 1, tzinfo=UTC)).days
    assert found.days[0].day in (midnight - 1, midnight), "a day begins at its quietest hour"
    with pytest.raises(DataError, match="no delivery in toy is from before 2023-01-01"):
        year.rehearsal(until=datetime(2023, 1, 1, tzinfo=UTC))


def test_a_version_comes_in_stages_judged_by_the_rows_of_the_time(year):
    from everfit.spec.building import strategy_from

    bars = {"errors": 0.3, "latency": None, "agreement": None, "calibration": None, "quality": 0.3, "block": 0.0}
    canary = strategy_from({"canary": {"steps": [50], "bake": "1d", "at_most": "20d", "answers": 40, "bars": bars}})
    for month in MONTHS:
        year.land(month)
    found = year.but(rollout=(canary,)).play("default", labels_after=timedelta(hours=1))["default"]
    first, second = found.promotions
    assert (first.at - found.retrains[0].at) == timedelta(0), "there is nobody to compare a first version with"
    assert timedelta(days=1) <= second.at - found.retrains[1].at < timedelta(days=20)


def test_who_goes_by_the_monitor_has_the_champion_looked_after(year):
    for month in MONTHS[:3]:
        year.land(month)
    year = year.but(retrain=RetrainSpec(when=["decay"]))
    worlds = {
        name: year.rehearsal().world(name, spec, year.said.append, datetime(2024, 5, 1, tzinfo=UTC))
        for name, spec in chosen(year.spec, ["never", "default"]).items()
    }
    assert not worlds["never"].view.of(Monitored)
    (look,) = worlds["default"].view.of(Monitored)
    assert look.body.version == 1
    assert look.body.labelled == pytest.approx(28 * 20, abs=2)
    assert look.at == max(one.at for one in worlds["default"].landed)


def test_a_policy_that_there_is_not_is_named(year):
    with pytest.raises(UnknownName, match="no policy 'montly'; did you mean 'monthly'"):
        chosen(year.spec, ["montly"])
