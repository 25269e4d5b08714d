"""Many processes, and sudden deaths, on a real disk."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import pytest

from everfit.errors import FencedOut
from everfit.ledger import Ledger
from everfit.stores import LocalStore, S3Store
from everfit.testing.fakes import TickingClock
from tests.ledger.bodies import note


def start(
    what: str, store: LocalStore, name: str, *more: str, stdout: int | IO[str] = subprocess.PIPE
) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).with_name("writer.py")), what, store.url, name, *more]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, text=True)


def test_sixteen_processes_race_for_twenty_rounds(store: LocalStore) -> None:
    names, rounds = [f"p{n}" for n in range(16)], 20
    racers = [start("race", store, name, str(rounds)) for name in names]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        racer.communicate(timeout=120)
    assert [racer.returncode for racer in racers] == [0] * 16
    ledger = Ledger("m", store, TickingClock())
    assert ledger.verify() == rounds + 16 * rounds
    keys = [entry.key for entry in ledger.entries()]
    assert sorted(keys) == sorted(f"{who}:{n}" for who in ["all", *names] for n in range(rounds))


def test_threads_race_on_s3(s3: dict[str, Any], bucket: Callable[[], str]) -> None:
    store, rounds = S3Store(bucket(), **s3), 4

    def race(name: str) -> list[str]:
        ledger = Ledger("m", store, TickingClock())
        won = [ledger.append(f"all:{n}", note(name)) for n in range(rounds)]
        for number in range(rounds):
            ledger.append(f"{name}:{number}", note(name))
        return [entry.sha256 for entry in won]

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(race, "abcdefgh"))
    assert all(other == seen[0] for other in seen)
    assert Ledger("m", store, TickingClock()).verify() == rounds + 8 * rounds


def test_a_writer_killed_at_any_moment_leaves_a_whole_ledger(store: LocalStore, tmp_path: Path) -> None:
    moments, acknowledged = random.Random(0), tmp_path / "acknowledged"
    for life in range(8):
        known = acknowledged.stat().st_size if life else 0
        with acknowledged.open("a") as file:
            writers = [start("endless", store, f"w{life}-{n}", stdout=file) for n in range(2)]
        while acknowledged.stat().st_size == known:
            time.sleep(0.005)
        time.sleep(moments.random() * 0.1)
        for writer in writers:
            writer.kill()
        for writer in writers:
            assert writer.wait(60) == -signal.SIGKILL
        ledger = Ledger("m", store, TickingClock())
        ledger.verify()
        told = [(int(line.split()[0]), line.split()[1]) for line in acknowledged.read_text().splitlines()]
        assert set(told) <= {(entry.seq, entry.sha256) for entry in ledger.entries()}
    assert len(told) > 16


def test_an_attempt_that_wakes_up_late_is_refused(store: LocalStore, ledger: Ledger) -> None:
    old = start("stopped", store, "try 1")
    assert os.WIFSTOPPED(os.waitpid(old.pid, os.WUNTRACED)[1])
    fence = ledger.open("work", "try 2")
    ledger.append("something else", note("the old head is stale now"))
    old.send_signal(signal.SIGCONT)
    assert old.communicate(timeout=60)[0] == "FencedOut\n"
    assert ledger.append("result", note("by try 2"), fence=fence).body == note("by try 2")


def test_an_attempt_that_wakes_up_in_time_goes_on(store: LocalStore, ledger: Ledger) -> None:
    old = start("stopped", store, "try 1")
    assert os.WIFSTOPPED(os.waitpid(old.pid, os.WUNTRACED)[1])
    ledger.open("other work", "try 1")
    old.send_signal(signal.SIGCONT)
    os.waitpid(old.pid, os.WUNTRACED)  # it lost its place to the entry above and decides, and freezes, once more
    old.send_signal(signal.SIGCONT)
    assert "by try 1" in old.communicate(timeout=60)[0]


def test_fences(ledger: Ledger) -> None:
    first = ledger.open("work", "try 1")
    assert ledger.open("work", "try 1") == first
    done = ledger.append("k1", note(""), fence=first)
    second = ledger.open("work", "try 2")
    other = ledger.open("other", "try 1")
    for key in ("k1", "k2"):  # what it already did is refused as well: it must stop, not go on from there
        with pytest.raises(FencedOut, match=r"attempt 'try 1' of 'work' \(opened by entry 1\).*'try 2' in entry 3"):
            ledger.append(key, note(""), fence=first)
    with pytest.raises(FencedOut, match="must stop here"):
        ledger.open("work", "try 1")
    assert ledger.append("k1", note("again"), fence=second) == done
    assert ledger.append("k3", note(""), fence=other).fence == other
