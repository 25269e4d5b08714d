"""Real processes that look at the same time, and that are killed in the middle of telling people."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count

import httpx
import pytest

from everfit.alerts.news import FIRST
from everfit.errors import Unreachable
from everfit.ledger.entries import AlertDue, Alerted
from everfit.stores import LocalStore
from everfit_airflow.channels import channels
from tests.alerts.office import Office
from tests.alerts.post import Post, webhook

FORKED = multiprocessing.get_context("fork")


@pytest.fixture
def office(tmp_path) -> Office:
    office = Office(LocalStore(tmp_path / "store"))
    office.refuse("2013-05")
    return office


def look(office: Office, post: Post, sending: Callable[[], None] = lambda: None) -> None:
    """What a task does; `sending` happens before and after the sending."""

    def hook(context) -> None:
        sending()
        httpx.post(f"http://127.0.0.1:{post.port}/hook", json={"title": context["alert"].title}, trust_env=False)
        sending()

    with suppress(Unreachable):
        office.look(*channels([], [hook], {}))


def test_of_many_who_look_at_the_same_time_one_tells(office):
    with webhook() as post:
        processes = [FORKED.Process(target=look, args=(office, post)) for _ in range(6)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * 6
        assert len(post.came) == 1
        assert len(office.view.of(AlertDue)) == len(office.view.of(Alerted)) == 1


@pytest.mark.parametrize(("moment", "came"), [(1, 1), (2, 2)])
def test_one_that_is_killed_loses_nothing_and_repeats_only_what_was_sent_without_a_receipt(office, moment, came):
    calls = count(1)

    def die() -> None:
        if next(calls) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    with webhook() as post:
        process = FORKED.Process(target=look, args=(office, post, die))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert len(post.came) == moment - 1
        look(office, post)
        assert len(post.came) == moment - 1, "it may still be on its way"
        office.wait(seconds=(FIRST + timedelta(seconds=1)).total_seconds())
        for _ in range(2):
            look(office, post)
        assert len(post.came) == came
        assert (len(office.view.of(AlertDue)), len(office.view.of(Alerted))) == (2, 1)
