"""The line as it lies in the store: one is called at a time, and nobody who is gone holds the others back."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta

import boto3
import pytest

from everfit.errors import Corrupted
from everfit.steps.line import look, places, pools, take_place, training
from everfit.steps.line_store import CALLED
from everfit.stores import open_store
from tests.services import KEYS, s3_server
from tests.steps.queueing import hall, spec_of


@pytest.fixture
def here(tmp_path):
    """A real store in a folder."""
    return hall(tmp_path, open_store(str(tmp_path / "store")))


def come(here, model, why="new data", **pool):
    """A second later, a run of a model that never was trained comes into the line."""
    here.wait(seconds=1)
    here.accept(model, "2013-01", "2013-02")
    return take_place(here.ports, spec_of(model, **pool), here.trigger(spec_of(model), why))


def seen(here, ticket):
    return look(here.ports.store, ticket, here.now)


def order(here):
    return [place.ticket.model for place in places(here.ports.store, "gpu", here.now) if place.counts]


def trained(here, ticket):
    return training(here.ports.store, ticket.pool, ticket.model, ticket.run)


def test_who_finds_nobody_ahead_goes_on_at_once(here):
    ticket = come(here, "alone")
    assert seen(here, ticket).turn
    assert seen(here, ticket).turn, "and asked again it is still so"
    with trained(here, ticket):
        assert order(here) == []
    assert here.ports.store.list("line") == [], "nothing is left behind"


def test_the_next_one_is_called_when_the_training_of_the_one_before_begins(here):
    first, second, person = come(here, "first"), come(here, "second"), come(here, "person", "a person")
    assert [seen(here, each).turn for each in (person, first, second)] == [True, False, False]
    assert order(here) == ["person", "first", "second"]
    with trained(here, person):
        assert seen(here, first).turn
        assert seen(here, second).words == "place 2 in the line, behind first"
        with trained(here, first):
            assert seen(here, second).turn


def test_who_was_called_stays_called_even_if_somebody_more_urgent_comes(here):
    first = come(here, "first")
    assert seen(here, first).turn
    urgent = come(here, "urgent", "a person")
    assert seen(here, urgent).ahead == ("first",)
    assert order(here) == ["first", "urgent"]


def test_a_run_keeps_its_place_when_its_task_is_tried_again(here):
    ticket = come(here, "m")
    here.wait(hours=5)
    again = take_place(here.ports, spec_of("m"), here.view("m").triggers[0].body)
    assert again == ticket


def test_pools_are_lines_of_their_own(here):
    here_and_there = come(here, "a"), come(here, "b", name="big-gpu")
    assert all(seen(here, ticket).turn for ticket in here_and_there)
    assert pools(here.ports.store) == ("big-gpu", "gpu")


def test_a_run_that_was_killed_while_it_waited_is_passed_over(here):
    called = come(here, "called")
    seen(here, called)
    killed, behind = come(here, "killed", "a person"), come(here, "behind")
    with trained(here, called):
        assert seen(here, behind).ahead == ("killed",), "it counts as long as somebody answered lately"
        here.wait(seconds=61)
        assert seen(here, behind).turn
    assert [(p.ticket, p.counts) for p in places(here.ports.store, "gpu", here.now)] == [
        (behind, True),
        (killed, False),
    ]
    here.wait(days=2)
    late = come(here, "late")
    seen(here, late)
    assert {p.ticket for p in places(here.ports.store, "gpu", here.now)} == {late}, "and thrown away after a day"


def test_one_that_was_called_and_does_not_begin_holds_the_others_back_only_while_no_slot_is_free(here):
    busy, paused, behind = come(here, "busy"), come(here, "paused"), come(here, "behind")
    assert seen(here, busy).turn
    with trained(here, busy):
        assert seen(here, paused).turn
        for _ in range(100):  # a training of five hours
            here.wait(minutes=3)
            assert not seen(here, behind).turn
    assert not seen(here, behind).turn, "now there is a slot, and some time to take it"
    here.wait(seconds=CALLED.total_seconds() + 1)
    assert seen(here, behind).turn
    with trained(here, paused):  # its DAG goes on
        assert order(here) == ["behind"]


def test_a_training_that_was_killed_holds_nobody_back_for_more_than_a_day(here):
    killed, stuck, behind = come(here, "killed"), come(here, "stuck"), come(here, "behind")
    seen(here, killed)
    begun = trained(here, killed)  # kept: a generator that is thrown away would say that it ended
    begun.__enter__()
    assert seen(here, stuck).turn
    here.wait(hours=23)
    assert not seen(here, behind).turn
    here.wait(hours=2)
    seen(here, behind)
    here.wait(minutes=6)
    assert seen(here, behind).turn


def test_the_models_next_training_ends_what_a_killed_one_left(here):
    begun = trained(here, come(here, "m"))
    begun.__enter__()
    with training(here.ports.store, "gpu", "m", "run-2"):
        assert here.ports.store.list("line/gpu/training") == ["line/gpu/training/m~run-2.json"]
    assert here.ports.store.list("line/gpu/training") == []


def test_a_place_is_free_also_when_the_training_fails(here):
    ticket = come(here, "m")

    def fails():
        with trained(here, ticket):
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        fails()
    assert here.ports.store.list("line") == []


def test_who_could_not_look_for_days_is_in_the_line_again(here):
    first, away = come(here, "first"), come(here, "away")
    seen(here, first)
    here.wait(days=3)
    other = come(here, "other")
    seen(here, other)
    assert "away" not in [place.ticket.model for place in places(here.ports.store, "gpu", here.now)]
    seen(here, away)
    assert "away" in order(here)


def test_who_is_far_back_looks_seldom(here):
    tickets = [come(here, f"m{number:02}") for number in range(40)]
    again = [seen(here, ticket).again for ticket in sorted(tickets, key=lambda ticket: ticket.name)]
    assert again[:4] == [timedelta(seconds=s) for s in (5, 5, 10, 15)]
    assert again[-1] == timedelta(minutes=2)
    assert seen(here, max(tickets, key=lambda ticket: ticket.name)).words == (
        "place 40 in the line, behind m00, m01, m02 and 36 more"
    )


def test_a_damaged_ticket_says_what_to_do(here):
    ticket = come(here, "m")
    (key,) = here.ports.store.list("line/gpu/tickets")
    here.ports.store.write(key, b"{}")
    with pytest.raises(Corrupted, match=r"line/gpu/tickets/.*m~run-1\.json cannot be read: delete it"):
        take_place(here.ports, spec_of("m"), here.view("m").triggers[0].body)
    assert seen(here, ticket).turn, "who waits need not read it"


@pytest.mark.parametrize("seed", range(5))
def test_in_whatever_order_they_look_they_are_trained_in_the_order_of_the_line(here, seed):
    chance = random.Random(seed)
    waiting = [come(here, f"m{n}", "a person" if n % 3 == 0 else "new data", importance=n + 0.5) for n in range(9)]
    wanted, done = sorted(ticket.name for ticket in waiting), []
    while waiting:
        chance.shuffle(waiting)
        called = [ticket for ticket in waiting if seen(here, ticket).turn]
        assert len(called) <= 1
        for ticket in called:
            with trained(here, ticket):
                done.append(ticket.name)
            waiting.remove(ticket)
        here.wait(seconds=chance.randint(1, 30))
    assert done == wanted


@pytest.mark.parametrize("s3", [False, True], ids=["folder", "s3"])
def test_many_who_look_at_once_are_trained_one_after_the_other(tmp_path, s3):
    """Eight threads, each with an own store object, as triggers and workers have it."""
    with s3_server() if s3 else nullcontext({}) as options:
        url = "s3://everfit-line/store" if s3 else str(tmp_path / "store")
        if s3:
            boto3.client("s3", endpoint_url=options["endpoint_url"], **KEYS).create_bucket(Bucket="everfit-line")
        opened = lambda: open_store(url, cache=tmp_path / "files", **options)  # noqa: E731
        here = hall(tmp_path, opened())
        tickets = [come(here, f"m{n}", importance=n + 0.5) for n in range(8)]
        done, at_work, most = [], set(), []

        def wait(ticket):
            store = opened()
            while not look(store, ticket, here.now).turn:
                time.sleep(0.01)
            at_work.add(ticket.name)
            most.append(len(at_work))
            done.append(ticket.name)
            at_work.discard(ticket.name)
            with training(store, "gpu", ticket.model, ticket.run):
                pass

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(wait, tickets))
        assert done == sorted(ticket.name for ticket in tickets)
        assert max(most) == 1
        assert here.ports.store.list("line") == []
