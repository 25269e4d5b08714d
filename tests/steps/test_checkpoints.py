"""Checkpoints in the store: the most rounds win, the older go, and keeping them costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from everfit.errors import Unreachable
from everfit.models import Kept
from everfit.steps.checkpoints import FIRST, SHARE, Sparing, StoreCheckpoints
from everfit.stores import LocalStore
from everfit.testing.fakes import TickingClock

FOLDER = "checkpoints/m/run/0123/rounds"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path)


def shelf(store: LocalStore, told: list[tuple[str, int]] | None = None) -> StoreCheckpoints:
    heard = [] if told is None else told
    clock = TickingClock(datetime(2013, 5, 1, 10, 42, 6, tzinfo=UTC))
    return StoreCheckpoints(store, FOLDER, clock, lambda key, done: heard.append((key, done)))


def test_the_newest_is_read_and_the_one_before_is_gone(store: LocalStore) -> None:
    told: list[tuple[str, int]] = []
    kept = shelf(store, told)
    assert list(kept.read()) == []
    kept.keep(20, lambda: b"twenty")
    kept.keep(40, lambda: b"forty")
    assert list(kept.read()) == [Kept(b"forty", datetime(2013, 5, 1, 10, 42, 8, tzinfo=UTC))]
    assert store.list(FOLDER) == [f"{FOLDER}/00000040-20130501T104208Z"]
    assert told == [(f"{FOLDER}/00000020-20130501T104207Z", 20), (f"{FOLDER}/00000040-20130501T104208Z", 40)]


def test_a_try_given_up_never_takes_the_place_of_its_retry(store: LocalStore) -> None:
    shelf(store).keep(60, lambda: b"the retry")
    zombie = shelf(store)
    zombie.keep(40, lambda: b"the old try")
    assert [kept.state for kept in zombie.read()] == [b"the retry", b"the old try"]
    shelf(store).keep(80, lambda: b"the retry goes on")
    assert [kept.state for kept in zombie.read()] == [b"the retry goes on"]


def test_one_that_is_replaced_while_it_is_read_is_passed_over(store: LocalStore) -> None:
    kept = shelf(store)
    kept.keep(20, lambda: b"twenty")
    found = kept.read()
    kept.keep(10, lambda: b"ten")
    assert next(found).state == b"twenty"
    for key in store.list(FOLDER):
        store.delete(key)
    assert list(found) == []


class Seconds:
    """A clock that goes on as a test says, and by `each` when something is kept."""

    def __init__(self, each: float) -> None:
        self.now, self.each, self.rounds = 0.0, each, []

    def __call__(self) -> float:
        return self.now

    def read(self) -> Iterator[Kept]:
        return iter(())

    def keep(self, done: int, state: object) -> None:
        self.now += self.each
        self.rounds.append(done)


@pytest.mark.parametrize("each", [0.001, 0.2, 15.0])
def test_keeping_takes_its_small_share_of_the_time_however_long_one_takes(each: float) -> None:
    """Also when the API server is down, and Airflow takes 15 seconds to say so."""
    kept = Seconds(each)
    sparing = Sparing(kept, print, kept)
    training = 0.0
    for done in range(1, 20_000):
        kept.now += 0.5
        training += 0.5
        sparing.keep(done, lambda: b"")
    assert kept.rounds
    assert (len(kept.rounds) - 1) * each / training <= SHARE  # the last one's share of the time is still to come
    assert kept.rounds[0] >= FIRST / 0.5


def test_a_checkpoint_that_cannot_be_kept_does_not_end_the_training() -> None:
    class Away(Seconds):
        def keep(self, done: int, state: object) -> None:
            raise Unreachable("the store does not answer")

    said: list[str] = []
    away = Away(1.0)
    sparing = Sparing(away, said.append, away)
    away.now = FIRST + 1
    sparing.keep(40, lambda: b"")
    assert said == ["no checkpoint after round 40: the store does not answer"]
