"""How long something took, how much it computed, and the most memory that it held meanwhile."""

from __future__ import annotations

import os
from time import perf_counter
from types import TracebackType
from typing import Self

from everfit.cost import Use
from everfit.models.memory import Peak

MIB = 2**20


class Meter:
    """Measures the block that it is the context of.

    >>> with Meter() as meter:
    ...     _ = sum(range(1000))
    >>> meter.use().peak_memory_mb > 1
    True
    """

    def __enter__(self) -> Self:
        self._peak = Peak()
        self._cpu = _cpu_seconds()
        self._began = perf_counter()
        self._used: Use | None = None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._used = Use(perf_counter() - self._began, _cpu_seconds() - self._cpu, self._peak.held() / MIB)

    def use(self) -> Use:
        """What the block took, once it has ended."""
        if self._used is None:
            raise RuntimeError("the measured block has not ended yet")
        return self._used


def _cpu_seconds() -> float:
    """Of all threads of this process, and of the children that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
