"""What the monitor found starts a training run, once, and only if a run is what may mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from everfit.steps.why_now import NotNow
from everfit.values import Outcome
from tests.steps.test_why_now import WORSE, House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A model whose first version serves, and which a batch has come for that no schedule asks for."""
    made = House(tmp_path)
    made.accept("2013-01", "2013-02")
    made.wants(when=["decay"])
    made.trained("r1", why="a person")
    made.crown()
    made.accept("2013-03")
    return made


def test_decay_starts_a_run_that_says_so_and_consumes_it(house: House) -> None:
    assert isinstance(house.ask("r2"), NotNow)
    assert house.due == ()
    seq = house.looked("quality", "retrain")
    assert house.due == (f"quality: {WORSE}",)
    triggered = house.trained("r2", why="due")
    assert triggered.because == (f"quality: {WORSE}",)
    assert seq in triggered.consumed
    house.accept("2013-04")
    assert house.due == (), "the same look is no reason again"
    house.looked("quality", "retrain")
    assert house.due == (f"quality: {WORSE}",)


@pytest.mark.parametrize("trigger", ["decay", "estimated_decay", "drift"])
def test_the_first_model_does_not_wait_for_a_champion_to_decay(tmp_path: Path, trigger: str) -> None:
    house = House(tmp_path)
    house.wants(when=[trigger])
    assert house.due == ()
    house.accept("2013-01", "2013-02")
    assert house.due == ("no model has been judged yet",)
    house.trained("r1")
    house.accept("2013-03")
    assert house.due == ()


@pytest.mark.parametrize(
    ("monitor", "action"), [("quality", "fix_data"), ("quality", "roll_back"), ("system", "retrain")]
)
def test_what_a_run_does_not_mend_starts_none(house: House, monitor: str, action: str) -> None:
    house.looked(monitor, action)
    assert house.due == ()


def test_only_a_look_that_is_sure_takes_it_back(house: House) -> None:
    seq = house.looked("quality", "retrain")
    house.looked("quality", "wait", Outcome.CANNOT_TELL)
    house.looked("segments", "wait", Outcome.PASSED)
    assert house.due == (f"quality: {WORSE}",)
    house.looked("quality", "wait", Outcome.PASSED)
    assert house.due == ()
    house.looked("quality", "retrain")
    house.looked("quality", "fix_data")
    assert house.due == ()
    assert seq not in house.trained("r2", why="a person").consumed


def test_a_look_at_a_version_that_does_not_serve_any_more_is_no_reason(house: House) -> None:
    house.looked("quality", "retrain")
    house.crown(2)
    assert house.due == ()


@pytest.mark.parametrize(
    ("trigger", "monitor"),
    [
        ("estimated_decay", "estimated_quality"),
        ("drift", "feature_drift"),
        ("decay", "segments"),
        ("decay", "staleness"),
    ],
)
def test_each_trigger_goes_by_its_own_monitors(house: House, trigger: str, monitor: str) -> None:
    house.looked(monitor, "retrain")
    for name in ("decay", "estimated_decay", "drift"):
        house.wants(when=[name])
        assert bool(house.due) == (name == trigger)
