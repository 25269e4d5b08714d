"""The thread that looks at a GPU while a model is trained, with a card whose answers are written down."""

import threading
import time
from collections.abc import Sequence
from itertools import chain, repeat

import pytest

from everfit.errors import Unreachable
from everfit.gpu import Reading
from everfit.steps.gpu_watch import MOST, GpuUse, Watched, watching

SAID: list[str] = []


class Scripted:
    """A GPU that answers with these readings, then with the last one for ever; an error among them is raised."""

    name, of_mb = "A Card", 1000.0

    def __init__(self, readings: Sequence[Reading | Exception]) -> None:
        self.left = chain(readings, repeat(readings[-1]))
        self.asked, self.by = 0, set[str]()

    def read(self) -> Reading:
        self.asked += 1
        self.by.add(threading.current_thread().name)
        reading = next(self.left)
        if isinstance(reading, Exception):
            raise reading
        return reading


def test_it_looks_from_a_thread_until_the_block_ends() -> None:
    card = Scripted([Reading(100, 0.0), Reading(900, 1.0), Reading(200, 0.5)])
    with watching(card, SAID.append, every=0.01) as watched:
        while card.asked < 6:
            time.sleep(0.005)
    asked = card.asked
    time.sleep(0.05)
    assert card.asked == asked == len(watched.readings)
    assert card.by == {"everfit-gpu"}
    use = watched.use
    assert use is not None
    assert (use.name, use.peak_memory_mb, use.of_mb, use.busiest) == ("A Card", 900, 1000, 1.0)
    assert 0 < use.busy < 1
    assert watched.curves["gpu_memory_mb"][:3] == [100, 900, 200]
    assert watched.metrics["gpu_busy_mean"] == use.busy


def test_even_a_short_block_is_seen_at_its_begin_and_end() -> None:
    with watching(Scripted([Reading(1, 0), Reading(2, 0)]), SAID.append, every=60) as watched:
        pass
    assert [reading.memory_mb for reading in watched.readings] == [1, 2]


def test_an_error_in_the_block_ends_the_thread() -> None:
    with (
        pytest.raises(ValueError, match="no luck"),
        watching(Scripted([Reading(1, 0)]), SAID.append, every=0.01) as watched,
    ):
        raise ValueError("no luck")
    assert watched.readings
    assert not [thread for thread in threading.enumerate() if thread.name == "everfit-gpu"]


def test_a_card_that_is_lost_harms_nothing_and_is_told() -> None:
    said: list[str] = []
    card = Scripted([Reading(7, 0.1), Unreachable("A Card does not answer: fell off the bus")])
    with watching(card, said.append, every=0.01) as watched:
        while card.asked < 2:
            time.sleep(0.005)
    assert said == ["the GPU was not watched to the end: A Card does not answer: fell off the bus"]
    assert watched.use == GpuUse("A Card", 7, 1000, 0.1, 0.1)


def test_without_a_gpu_there_is_no_thread_and_nothing_to_log() -> None:
    with watching(None, SAID.append) as watched:
        assert not [thread for thread in threading.enumerate() if thread.name == "everfit-gpu"]
    assert (watched.use, watched.curves, watched.metrics) == (None, {}, {})


def test_a_long_training_keeps_so_many_readings_and_its_peak() -> None:
    """However long it takes, peak and mean stay, and the points get further apart."""
    watched, elapsed, most = (
        Watched(Scripted([Reading(float(number), number % 2) for number in range(5 * MOST)])),
        0.0,
        0.0,
    )
    while elapsed < 0.5 * 5 * MOST:
        watched.look()
        most = max(most, watched.readings[-1].memory_mb)
        elapsed += watched.every
    use = watched.use
    assert use is not None
    assert MOST / 2 <= len(watched.readings) <= MOST
    assert watched.every == 0.5 * 8
    assert use.peak_memory_mb == most
    assert use.busy == pytest.approx(0.5, abs=0.01)
