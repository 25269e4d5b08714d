"""What this process takes of its machine."""

from __future__ import annotations

import time

from everfit.models.cores import granted
from everfit.models.memory import available, resident
from everfit.ports import Clock
from everfit.values import ServerLoad


class Loads:
    """Reads memory and CPU of this process: memory as it is, CPU on average since the reading before.

    No GPU: the server answers on the CPU.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def read(self) -> ServerLoad:
        """A reading now; costs a few small files of `/proc` and of the control groups."""
        wall, cpu = time.monotonic(), time.process_time()
        busy = (cpu - self._cpu) / max(wall - self._wall, 1e-9)
        self._wall, self._cpu = wall, cpu
        return ServerLoad(self._clock(), resident(), available(), round(busy, 3), granted())
