"""The gates that look at parts of the rows: what they say of which slice, and how often they are wrong."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.gates import Evidence, Prospect
from everfit.gates.harms_no_slice import HarmsNoSlice
from everfit.gates.no_hidden_harm import NoHiddenHarm
from everfit.spec.building import gate_from
from everfit.statistics.interval import estimate, mean
from everfit.statistics.losses import per_row
from everfit.values import Outcome
from tests.nulls import allowed, draws

CARRIERS = np.array(["UA", "B6", "EV", "DL", "AA", "MQ", "HA"], dtype=object)
SHARES = [0.25, 0.2, 0.2, 0.15, 0.11, 0.085, 0.005]


def flights(rng, rows=20_000, days=30, harm=0.0):
    """Two models that see each row through noise of equal strength; where carrier MQ leaves EWR the candidate's has
    `harm` more. Both noises have a part per day, and one per day and origin."""
    day = np.sort(rng.integers(0, days, rows))
    carrier, origin = rng.choice(CARRIERS, rows, p=SHARES), rng.integers(0, 3, rows)
    logit = rng.normal(-1.2, 0.8, rows) + rng.normal(0, 0.4, days)[day]
    y = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(float)
    noise = 0.1 * rng.normal(0, 1, (2, rows)) + 0.15 * rng.normal(0, 1, (2, days))[:, day]
    noise += 0.1 * rng.normal(0, 1, (2, days, 3))[:, day, origin]
    noise[0] += np.where((carrier == "MQ") & (origin == 0), harm, 0) * rng.normal(0, 1, rows)
    candidate, champion = 1 / (1 + np.exp(-(logit + noise)))
    about = {
        "carrier": carrier,
        "origin": np.array(["EWR", "JFK", "LGA"], dtype=object)[origin],
        "distance": rng.gamma(2, 500, rows).round(),
        "heat": rng.normal(10, 5, days)[day] + rng.normal(0, 1, rows),
        "hour": rng.integers(5, 24, rows).astype(float),
        "date": day.astype(float),
    }
    return Evidence("binary", y, candidate, champion, np.full(rows, 0.27), day, about=about)


def by_name(verdict):
    return {part.name: part for part in verdict.parts}


# declared slices


def test_an_equal_candidate_harms_no_slice():
    verdict = HarmsNoSlice("log_loss", margin=0.03, by=("carrier", "origin", "distance")).judge(
        flights(np.random.default_rng(1))
    )
    assert verdict.outcome is Outcome.PASSED, verdict.reason
    assert verdict.p < 0.05
    assert verdict.high < verdict.bar == 0.03
    assert "not harmed in any of 13 slices" in verdict.reason
    assert "1 too small to be judged" in verdict.reason
    assert by_name(verdict)["carrier = HA"].outcome is Outcome.CANNOT_TELL
    assert "too few" in by_name(verdict)["carrier = HA"].reason
    assert len(verdict.parts) == 14


def test_a_harmed_slice_is_named_with_its_own_interval():
    evidence = flights(np.random.default_rng(2), harm=2)
    written = ({"carrier": "MQ", "origin": ("EWR",)}, {"distance": (None, 500.0)})
    verdict = HarmsNoSlice("log_loss", margin=0.03, by=("carrier",), slices=written).judge(evidence)
    assert verdict.outcome is Outcome.FAILED
    assert "log loss is harmed in 2 of 8 slices: carrier = MQ and origin = EWR, " in verdict.reason
    part = by_name(verdict)["carrier = MQ and origin = EWR"]
    rows = (evidence.about["carrier"] == "MQ") & (evidence.about["origin"] == "EWR")
    loss = [per_row("log_loss", evidence.truth, scores) for scores in (evidence.candidate, evidence.champion)]
    alone = estimate(mean((loss[0] - loss[1])[rows]), evidence.clusters[rows])
    assert (part.effect, part.high, part.n) == pytest.approx((alone.value, alone.high, alone.rows))
    assert part.low < alone.low  # many slices: harm is surer only at a higher level
    assert by_name(verdict)["distance < 500"].outcome is Outcome.PASSED
    assert (verdict.effect, verdict.low, verdict.high) == (part.effect, part.low, part.high)


def test_of_a_slice_that_was_written_by_name_it_has_to_tell():
    evidence = flights(np.random.default_rng(3))
    named = HarmsNoSlice("log_loss", margin=0.1, by=("origin",), slices=({"carrier": "HA"},), min_rows=200)
    verdict = named.judge(evidence)
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "carrier = HA has " in verdict.reason
    assert HarmsNoSlice("log_loss", margin=0.1, by=("carrier", "origin")).judge(evidence).outcome is Outcome.PASSED
    nobody = HarmsNoSlice("log_loss", margin=0.1, slices=({"carrier": "XX"}, {"carrier": (1.0, 2.0)})).judge(evidence)
    assert nobody.outcome is Outcome.CANNOT_TELL
    assert "no slice can be judged: carrier = XX has 0 rows of 0 days" in nobody.reason


def test_rare_values_are_judged_together():
    evidence = flights(np.random.default_rng(4))
    tails = np.array([f"N{number % 400:03}" for number in range(evidence.rows)], dtype=object)
    tails[: evidence.rows // 2] = "MANY"  # on the first fifteen days
    tails[::50] = None
    verdict = HarmsNoSlice("log_loss", margin=0.1, by=("plane",)).judge(replace(evidence, about={"plane": tails}))
    parts = by_name(verdict)
    assert set(parts) == {"plane = MANY", "plane is missing", "plane: 392 rare values together"}
    assert sum(part.n for part in parts.values()) == evidence.rows


def test_a_wider_margin_never_turns_a_pass_into_less():
    order = [Outcome.FAILED, Outcome.CANNOT_TELL, Outcome.PASSED]
    for seed in range(8):
        evidence = flights(np.random.default_rng(seed), rows=4000, harm=seed / 4)
        outcomes = [
            order.index(HarmsNoSlice("log_loss", margin=margin, by=("carrier", "hour")).judge(evidence).outcome)
            for margin in (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
        ]
        assert outcomes == sorted(outcomes)


def test_without_a_champion_nothing_is_harmed_and_with_one_that_saw_the_holdout_nothing_is_said():
    evidence = flights(np.random.default_rng(5))
    gate = HarmsNoSlice("log_loss", margin=0.01, by=("carrier",))
    assert gate.judge(replace(evidence, champion=None)).outcome is Outcome.PASSED
    for one in (gate, NoHiddenHarm("log_loss")):
        verdict = one.judge(replace(evidence, champion=None, champion_saw_holdout=True))
        assert verdict.outcome is Outcome.CANNOT_TELL
        assert "learnt from rows of this holdout" in verdict.reason


def test_columns_that_the_evidence_lacks_are_told():
    evidence = replace(flights(np.random.default_rng(6)), about={})
    verdict = HarmsNoSlice("log_loss", margin=0.01, by=("carrier",), slices=({"origin": "EWR"},)).judge(evidence)
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "no column carrier, origin" in verdict.reason
    assert "no columns to tell rows apart by" in NoHiddenHarm("log_loss").judge(evidence).reason


def test_it_is_written_in_a_spec():
    written = {"loss": "log_loss", "margin": 0.02, "by": ["carrier"]}
    written["slices"] = [{"carrier": "UA", "distance": [0, 500]}, {"distance": [2000, None]}, {"hour": 5}]
    gate = gate_from({"harms_no_slice": written})
    assert gate.columns == ("carrier", "distance", "hour")
    names = list(by_name(gate.judge(flights(np.random.default_rng(7)))))
    assert {"0 <= distance < 500 and carrier = UA", "carrier = UA and 0 <= distance < 500"} & set(names)
    assert {"2,000 <= distance", "hour = 5"} <= set(names)
    assert gate_from({"no_hidden_harm": {"loss": "log_loss", "columns": ["carrier"]}}).columns == ("carrier",)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"loss": "log_los", "margin": 0.1, "by": ("carrier",)}, "loss: there is no 'log_los'; did you mean"),
        ({"loss": "ndcg_loss", "margin": 0.1, "by": ("carrier",)}, "loss: there is no 'ndcg_loss'"),
        ({"loss": "brier", "margin": 0, "by": ("carrier",)}, "margin: wanted a number above 0"),
        ({"loss": "brier", "margin": 0.1}, "by: wanted columns here, or slices, and found neither"),
        ({"loss": "brier", "margin": 0.1, "slices": ({},)}, "slices: wanted a column and a value in each"),
        ({"loss": "brier", "margin": 0.1, "by": ("carrier",), "min_rows": 5}, "min_rows: wanted a whole number"),
    ],
)
def test_wrong_settings_of_declared_slices(settings, says):
    with pytest.raises(ValueError, match=says):
        HarmsNoSlice(**settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"loss": "ndcg_loss"}, "loss: there is no 'ndcg_loss'"),
        ({"loss": "brier", "margin": -1}, "margin: wanted a number of at least 0"),
        ({"loss": "brier", "smallest": 0.7}, "smallest: wanted a number between 0 and 0.5"),
        ({"loss": "brier", "depth": 0}, "depth: wanted a whole number of at least 1"),
    ],
)
def test_wrong_settings_of_the_search(settings, says):
    with pytest.raises(ValueError, match=says):
        NoHiddenHarm(**settings)


# slices that nobody named


def test_a_harmed_group_of_three_percent_is_blocked_and_named():
    """At least 95 of 100 are: 2.8 % of 20,000 rows, and all days have effects of their own."""
    named = 0
    for seed in range(40):
        verdict = NoHiddenHarm("log_loss").judge(flights(np.random.default_rng([8, seed]), harm=2))
        named += verdict.outcome is Outcome.FAILED and "carrier = MQ and origin = EWR (" in verdict.reason
        named -= verdict.outcome is Outcome.FAILED and verdict.parts[0].low < verdict.bar
    assert named >= 38


def test_candidates_that_harm_nobody_are_rarely_blocked():
    """With a margin of nothing, so that chance alone blocks; a margin only makes it rarer."""
    runs, blocked = draws(200), 0
    for seed in range(runs):
        evidence = flights(np.random.default_rng([9, seed]), rows=6000)
        blocked += NoHiddenHarm("log_loss", margin=0.0, depth=2).judge(evidence).outcome is Outcome.FAILED
    assert blocked / runs < allowed(runs)


def test_a_range_of_numbers_is_named_whole():
    evidence = flights(np.random.default_rng(14))
    broken = (evidence.about["hour"] >= 16) & (evidence.about["origin"] == "LGA")
    evidence = replace(evidence, candidate=np.where(broken, 0.05, evidence.candidate))
    verdict = NoHiddenHarm("log_loss").judge(evidence)
    assert verdict.outcome is Outcome.FAILED
    assert "harmed where origin = LGA and 16 <= hour (" in verdict.reason


def test_harm_within_the_margin_is_no_harm():
    evidence = flights(np.random.default_rng(10), harm=2)
    assert NoHiddenHarm("log_loss").judge(evidence).outcome is Outcome.FAILED
    verdict = NoHiddenHarm("log_loss", margin=0.5).judge(evidence)
    assert verdict.outcome is Outcome.PASSED, verdict.reason


def test_a_first_model_is_compared_with_the_constant_answer():
    evidence = replace(flights(np.random.default_rng(11), harm=4), champion=None)
    verdict = NoHiddenHarm("log_loss").judge(evidence)
    assert verdict.outcome is Outcome.FAILED
    assert "carrier = MQ and origin = EWR" in verdict.reason
    assert "than a constant answer's" in verdict.reason
    better = NoHiddenHarm("log_loss").judge(replace(flights(np.random.default_rng(11)), champion=None))
    assert better.outcome is Outcome.PASSED


def test_dates_and_what_two_columns_tell_alike_are_searched_once_or_not():
    evidence = flights(np.random.default_rng(12), harm=2)
    again = {"airline": evidence.about["carrier"], "nothing": np.full(evidence.rows, np.nan)}
    verdict = NoHiddenHarm("log_loss").judge(replace(evidence, about={**evidence.about, **again}))
    assert "5 columns" in verdict.reason
    assert not any("date" in part.name or "airline" in part.name for part in verdict.parts)


def test_half_of_the_days_have_to_be_enough_for_an_interval():
    why = "covers 19 days, and it takes 20 to search on half"
    evidence = flights(np.random.default_rng(13), days=19)
    verdict = NoHiddenHarm("log_loss").judge(evidence)
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert why in verdict.reason
    assert why in NoHiddenHarm("log_loss").hopeless(Prospect("binary", evidence.y, evidence.clusters))
    enough = flights(np.random.default_rng(13), days=20)
    assert NoHiddenHarm("log_loss").hopeless(Prospect("binary", enough.y, enough.clusters)) is None
    declared = HarmsNoSlice("log_loss", margin=0.1, by=("carrier",))
    assert declared.hopeless(Prospect("binary", enough.y, enough.clusters // 10, champion=1)) is not None
    assert declared.hopeless(Prospect("binary", enough.y, enough.clusters // 10)) is None


@pytest.mark.parametrize("task", ["multiclass", "quantile", "survival"])
def test_other_tasks_have_slices_too(task, of_task):
    losses = {"multiclass": "log_loss", "quantile": "pinball", "survival": "aft_nloglik"}
    evidence = of_task(task, per_day=200)
    known = {"place": np.random.default_rng(0).choice(np.array(["a", "b"], dtype=object), evidence.rows)}
    evidence = replace(evidence, about=known)
    for gate in (HarmsNoSlice(losses[task], margin=0.01, by=("place",)), NoHiddenHarm(losses[task])):
        assert task in gate.tasks
        assert gate.judge(evidence).outcome is Outcome.PASSED
        swapped = replace(evidence, candidate=evidence.champion, champion=evidence.candidate)
        assert gate.judge(swapped).outcome is Outcome.FAILED
