"""The policy through the trigger itself, on ledgers that are written as the DAGs write them, and its regret."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from statistics import mean

import pytest

from everfit.errors import NotEnoughData
from everfit.ledger.entries import RolledBack, RunTriggered
from everfit.steps.regret import account, in_short
from everfit.steps.staleness import staleness
from everfit.steps.why_now import NotNow
from everfit.triggers.worth_it import WorthIt
from everfit.values import Took
from tests.steps.queueing import hall, measured, spec_of
from tests.steps.staling import COST, MODEL, ROWS, World, linear, world

BEST = 1850.0
"""Linear staleness of 1 a step, a run of 50 and 200 steps: every ten steps is best."""


@pytest.fixture(autouse=True)
def _made_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but data changes, so the libraries need not be looked up with each question."""
    monkeypatch.setattr("everfit.steps.snapshot.recipe", lambda _: {})


def told(here: World):
    terms = here.spec.retrain.worth_it
    assert terms is not None
    return account(here.house.view(MODEL), terms)


def test_on_linear_staleness_it_stays_near_the_best_plan(tmp_path: Path) -> None:
    """It begins with no evidence at all, so two runs are paid for finding out."""
    here = world(hall(tmp_path)).live(200)
    assert here.cost <= 1.3 * BEST
    assert here.cost < 1950
    gaps = [after - before for before, after in zip(here.retrains[2:], here.retrains[3:], strict=False)]
    assert set(gaps) <= {10, 11}
    found = told(here)
    assert found.best is not None
    assert found.cost == pytest.approx(here.cost, abs=0.1)
    assert found.best.cost == pytest.approx(BEST, abs=0.1)
    assert (found.interval, found.at_interval) == (10, pytest.approx(BEST, abs=0.1))
    assert found.regret == pytest.approx(here.cost - BEST, abs=0.1)
    assert [one.regret for one in found.retrains][-1] == pytest.approx(found.regret, abs=0.1)


def test_noise_costs_little(tmp_path: Path) -> None:
    """Each run measures what it gains give or take 5, where ten is what a run is worth; in 100 steps 900 is best."""
    costs = [world(hall(tmp_path), noise=5.0, seed=seed).live(100).cost for seed in range(2)]
    assert mean(costs) < 1.3 * 900


def test_drift_that_stops_is_not_paid_for_long(tmp_path: Path) -> None:
    """A model made before batch 60 is worse by what drifted until then; afterwards nothing gets stale any more."""

    def stops(born: int, step: int) -> float:
        return linear(min(born, 60), min(step, 60))

    here = world(hall(tmp_path), stops, noise=0.5).live(140)
    during, after = [at for at in here.retrains if at <= 60], [at for at in here.retrains if at > 70]
    assert len(during) >= 6
    assert len(after) <= 4  # of 7, had it gone on as before
    gaps = [later - before for before, later in itertools.pairwise(after)]
    assert gaps == sorted(gaps), "each is waited for longer than the one before"


def test_where_nothing_gets_stale_it_hardly_ever_runs(tmp_path: Path) -> None:
    still = world(hall(tmp_path), lambda born, step: 0.0, noise=1.0).live(100)
    assert len(still.retrains) <= 5  # each with at least twice as many new batches as the one before
    assert all("to find out" in words for words in still.because)
    blind = world(hall(tmp_path), lambda born, step: 0.0, noise=1.0, explore=False).live(30)
    assert blind.retrains == []
    assert {words.rpartition("; ")[2] for words in blind.words} == {"it waits for runs that others start"}


def test_nothing_starts_twice_with_the_same_evidence(tmp_path: Path) -> None:
    here = world(hall(tmp_path))
    for _ in range(30):
        here.step()
        found = here.asked()
        if isinstance(found, RunTriggered):
            here.ran(found)
            again = here.asked()
            assert isinstance(again, NotNow)
            seen = staleness(here.house.view(MODEL))
            assert seen is not None
            assert seen.age == seen.paid
    assert len(here.house.view(MODEL).triggers) > 3


def test_it_blocks_no_other_trigger_and_learns_from_their_runs(tmp_path: Path) -> None:
    here = world(hall(tmp_path), explore=False)
    for _ in range(3):
        here.step()
        assert isinstance(here.asked(), NotNow)
        here.ran(here.asked("a person"))
    seen = staleness(here.house.view(MODEL))
    assert seen is not None
    assert [one.age for one in seen.shown] == [1, 1, 1]
    here.live(16)
    assert here.because[0].startswith("keeping version 4 for 1")


def test_evidence_is_read_from_the_ledger(tmp_path: Path) -> None:
    here, spec = hall(tmp_path), spec_of("m")
    assert staleness(here.view("m")) is None
    here.accept("m", "2013-01", "2013-02", "2013-03", rows=100)
    here.promote(here.trigger(spec), "m", took=Took(10.0))
    here.accept("m", "2013-04", "2013-05", "2012-12", rows=200)  # the last one is a backfill
    seen = staleness(here.view("m"))
    assert seen is not None
    assert (seen.champion, seen.rows, seen.since, seen.paid, seen.tried) == (1, 200, (200, 200), 0, 0)
    here.judge(here.trigger(spec), "m", measured(0.5, 0.1))
    seen = staleness(here.view("m"))
    assert seen is not None
    assert (seen.champion, seen.paid, seen.tried) == (1, 2, 2)
    (shown,) = seen.shown
    assert (shown.age, shown.before, shown.now) == (2, 200, 300)  # 03 and 04, and 05 is held out
    assert (shown.better, shown.error) == (0.5, pytest.approx(0.1, rel=1e-3))
    assert seen.took == (Took(10.0),)


def test_a_run_tells_what_came_of_it(tmp_path: Path) -> None:
    here = world(hall(tmp_path)).live(40)
    found = told(here)
    last = found.retrains[-1]
    assert last.expected is not None
    assert last.realised is not None
    assert last.expected.low <= last.realised.value <= last.expected.high
    assert (last.cost, last.batches) == (COST, 11)
    assert [one.expected for one in found.retrains[:2]] == [None, None], "nobody knew"
    sentence = in_short(here.house.ports, here.spec, last.run)
    assert (
        sentence
        == "the new model saves 11 EUR with each batch (11 EUR to 11 EUR), 11 EUR was expected; a run costs 50 EUR"
    )
    assert in_short(here.house.ports, spec_of(MODEL), last.run) == ""
    assert in_short(here.house.ports, here.spec, "run-1") == "", "there was no champion"


def test_going_sooner_or_later_is_held_against_what_was_done(tmp_path: Path) -> None:
    here = world(hall(tmp_path), explore=False)
    for count in (4, 16):  # best were ten and ten
        for _ in range(count):
            here.step()
        here.ran(here.asked("a person"))
    early, late = told(here).retrains
    assert early.later is not None
    assert early.sooner is not None
    assert early.later < 0 < early.sooner
    assert late.later is None, "no batch has come since"
    assert (early.later, early.sooner) == (pytest.approx(-11, abs=0.1), pytest.approx(13, abs=0.1))


def test_a_refused_candidate_costs_a_run_and_renews_nothing(tmp_path: Path) -> None:
    here = world(hall(tmp_path), lambda born, step: 0.1 * linear(born, step))
    here.step()
    run = here.asked("a person")
    here.house.judge(run, MODEL, measured(-1.0, 0.1), took=Took(100.0, 70.0, "EUR"))
    here.step()
    (one,) = told(here).retrains
    assert (one.version, one.cost, one.sooner, one.later) == (None, 70.0, None, None)
    assert one.realised is not None
    assert one.realised.high < 0
    assert told(here).regret == pytest.approx(60, abs=0.1)  # the median of what the two runs cost
    assert told(here).interval == 2, "never"


def test_a_champion_that_was_taken_back_renewed_nothing_either(tmp_path: Path) -> None:
    here = world(hall(tmp_path))
    for _ in range(3):
        here.step()
    here.ran(here.asked("a person"))
    here.house.ports.ledger(MODEL).append("back", RolledBack(1, 2, "worse", "ann"))
    assert [one.version for one in told(here).retrains] == [None]
    seen = staleness(here.house.view(MODEL))
    assert seen is not None
    assert (seen.champion, seen.age, seen.paid) == (1, 3, 3)


def test_who_cannot_be_held_against_anything_says_so(tmp_path: Path) -> None:
    here, terms = hall(tmp_path), WorthIt(1.0, "EUR")
    with pytest.raises(NotEnoughData, match="there is no champion yet"):
        account(here.view("m"), terms)
    here.accept("m", "1", "2", "3", rows=ROWS)
    here.promote(here.trigger(spec_of("m")), "m", took=Took(100.0))
    with pytest.raises(NotEnoughData, match="no judged run says what it cost in EUR"):
        account(here.view("m"), terms)
    here.accept("m", "4")
    here.judge(here.trigger(spec_of("m")), "m")
    found = account(here.view("m"), replace(terms, run_costs=5.0))
    assert (found.cost, found.regret, found.interval) == (None, None, None)
    assert [(one.realised, one.regret, one.cost) for one in found.retrains] == [(None, None, 5.0)]
