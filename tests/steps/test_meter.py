"""Seconds, CPU seconds and peak memory of a block: its own, whatever the process held before."""

import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from everfit.models import memory
from everfit.steps.meter import Meter

MB = 2**20
HELD = 200


def hold(mb: int) -> int:
    """Touch so much memory, and give it back."""
    return len(np.ones(mb * MB, dtype="uint8"))


def test_the_peak_is_the_blocks_own_and_not_that_of_the_one_before() -> None:
    with Meter() as idle:
        time.sleep(0.05)
    with Meter() as large:
        array = np.ones(HELD * MB, dtype="uint8")
        time.sleep(0.1)
        del array
    with Meter() as small:
        time.sleep(0.05)
    grown = large.use().peak_memory_mb - idle.use().peak_memory_mb
    assert HELD * 0.9 < grown < HELD * 1.3
    assert small.use().peak_memory_mb < idle.use().peak_memory_mb + HELD / 2


def test_the_kernels_peak_sees_what_is_held_for_a_moment_only() -> None:
    with Meter() as idle:
        pass
    with Meter() as short:
        hold(HELD)
    assert short.use().peak_memory_mb > idle.use().peak_memory_mb + HELD * 0.9


NESTED = f"""
import numpy
from everfit.models.memory import MB, Peak
from everfit.steps.meter import Meter

def hold(mb):
    numpy.ones(mb * MB, dtype="uint8")

with Meter() as idle:
    pass
with Meter() as step:
    hold({HELD})
    training = Peak()
    hold(50)
    inside = training.bytes()
    again = Peak()
    hold(20)
grown = step.use().peak_memory_mb - idle.use().peak_memory_mb
assert 45 * MB <= inside < 80 * MB, inside
assert {HELD} * 0.9 < grown * 2**20 / MB < {HELD} * 1.1, grown
with Meter() as wide:
    training = Peak()
    hold({HELD})
assert wide.use().peak_memory_mb * 2**20 / MB > {HELD}
assert training.bytes() >= {HELD} * 0.9 * MB
"""


def test_a_training_that_measures_itself_hides_nothing_from_its_step() -> None:
    """In a process of its own: another test's memory that was given back would be taken first."""
    done = subprocess.run([sys.executable, "-c", NESTED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_where_the_mark_cannot_be_set_back_it_is_the_process_whole_life(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "PROC", tmp_path)
    hold(HELD)
    with Meter() as after:
        pass
    life = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert after.use().peak_memory_mb == pytest.approx(life, rel=0.01)


def test_a_process_forked_from_a_large_one_does_not_inherit_its_peak() -> None:
    """As a task that is forked from a worker which once held more."""
    program = f"""
import os, numpy
from everfit.steps.meter import Meter
del (big := [numpy.ones({HELD} * 2**20, dtype="uint8")])[:]
if os.fork() == 0:
    with Meter() as meter:
        pass
    print(meter.use().peak_memory_mb)
    os._exit(0)
os.wait()
"""
    said = subprocess.run([sys.executable, "-u", "-c", program], capture_output=True, text=True, check=True)
    assert 10 < float(said.stdout) < HELD


def test_cpu_time_counts_threads_and_children_and_not_waiting() -> None:
    def busy() -> None:
        end = time.thread_time() + 0.3
        while time.thread_time() < end:
            pass

    with Meter() as waiting:
        time.sleep(0.2)
    with Meter() as computing:
        threads = [threading.Thread(target=busy) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    program = "import time\nwhile time.process_time() < 0.4: pass"
    with Meter() as starting:
        subprocess.run([sys.executable, "-c", program], check=True)
    assert waiting.use().seconds >= 0.2
    assert waiting.use().cpu_seconds < 0.15
    assert computing.use().cpu_seconds >= 0.55
    assert starting.use().cpu_seconds >= 0.35


def test_an_error_is_measured_too_and_an_open_block_says_nothing() -> None:
    measured = Meter()

    def fail() -> None:
        with measured:
            with pytest.raises(RuntimeError, match="has not ended"):
                measured.use()
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        fail()
    assert measured.use().seconds > 0
