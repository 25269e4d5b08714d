"""How long something took, how much it computed, and the most memory that it held meanwhile.

`ru_maxrss` would not do: it never falls, so that of several steps in one process each has the peak of the largest one
before it, and a task that is forked from a worker begins with whatever that held. Linux lets a process set its own peak
back (5 to `/proc/self/clear_refs`; proc(5)), after which `VmHWM` is the peak since then: exact, and for nothing. Where
that is not allowed, and on other systems, a thread looks at the resident memory every 20 ms; it misses what is shorter.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Self

from everfit.cost import Use

CLEAR = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")
PEAK_SET_BACK = "5"
LOOK_EVERY = 0.02
MB = 2**20


class Meter:
    """Measures the block that it is the context of.

    >>> with Meter() as meter:
    ...     _ = sum(range(1000))
    >>> meter.use().peak_memory_mb > 1
    True
    """

    def __enter__(self) -> Self:
        self._peak = _kernels_peak() or _looked_at_peak()
        self._cpu = _cpu_seconds()
        self._began = perf_counter()
        self._used: Use | None = None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._used = Use(perf_counter() - self._began, _cpu_seconds() - self._cpu, self._peak())

    def use(self) -> Use:
        """What the block took, once it has ended."""
        if self._used is None:
            raise RuntimeError("the measured block has not ended yet")
        return self._used


def _cpu_seconds() -> float:
    """Of all threads of this process, and of the children that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _kernels_peak() -> Callable[[], float] | None:
    """Set the kernel's own peak back, and return how to read it; None where that is not allowed."""
    try:
        CLEAR.write_text(PEAK_SET_BACK)
        _high_water()
    except (OSError, StopIteration):
        return None
    return _high_water


def _high_water() -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _looked_at_peak() -> Callable[[], float]:
    """Watch from a thread; what is returned ends it and says the most that was seen."""
    import psutil

    process, over = psutil.Process(), threading.Event()
    seen = [process.memory_info().rss]

    def watch() -> None:
        while not over.wait(LOOK_EVERY):
            seen[0] = max(seen[0], process.memory_info().rss)

    thread = threading.Thread(target=watch, name="everfit-memory", daemon=True)
    thread.start()

    def end() -> float:
        over.set()
        thread.join()
        return float(max(seen[0], process.memory_info().rss)) / MB

    return end
