"""Watches a GPU from a thread while a model is trained on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from everfit.errors import Unreachable
from everfit.gpu import Gpu, Reading

if TYPE_CHECKING:
    from everfit.ports import Progress

EVERY = 0.5
MOST = 1_000
"""Readings that are kept: when there are more, neighbours become one, and it looks half as often from then on."""


@dataclass(frozen=True)
class GpuUse:
    """What a GPU was used for: the most memory in use at a time and all it has (MB), and the share of the time that it
    computed, on average and at most."""

    name: str
    peak_memory_mb: float
    of_mb: float
    busy: float
    busiest: float


@dataclass
class Watched:
    """What was seen, a reading every `every` seconds; nothing on a machine without a GPU."""

    gpu: Gpu | None
    every: float = EVERY
    readings: list[Reading] = field(default_factory=list)

    @property
    def use(self) -> GpuUse | None:
        """The readings in five numbers; None if there are none."""
        if self.gpu is None or not self.readings:
            return None
        busy = [one.busy for one in self.readings]
        peak = max(one.memory_mb for one in self.readings)
        return GpuUse(self.gpu.name, peak, self.gpu.of_mb, sum(busy) / len(busy), max(busy))

    @property
    def curves(self) -> Mapping[str, Sequence[float]]:
        """Memory (MB) and work (0 to 1) as curves over the readings; none where there was no GPU."""
        if not self.readings:
            return {}
        return {"gpu_memory_mb": [r.memory_mb for r in self.readings], "gpu_busy": [r.busy for r in self.readings]}

    @property
    def metrics(self) -> dict[str, float]:
        """The five numbers as metrics, and how far the curves' points are apart."""
        use = self.use
        if use is None:
            return {}
        return {
            "gpu_peak_memory_mb": use.peak_memory_mb,
            "gpu_memory_total_mb": use.of_mb,
            "gpu_busy_mean": use.busy,
            "gpu_busy_max": use.busiest,
            "gpu_seconds_between_readings": self.every,
        }

    def look(self) -> None:
        """Take one reading."""
        if self.gpu is not None:
            self.readings.append(self.gpu.read())
        if len(self.readings) > MOST:
            pairs = zip(self.readings[::2], self.readings[1::2], strict=False)
            self.readings = [Reading(max(a.memory_mb, b.memory_mb), (a.busy + b.busy) / 2) for a, b in pairs]
            self.every *= 2


@contextmanager
def watching(gpu: Gpu | None, progress: Progress, every: float = EVERY) -> Iterator[Watched]:
    """Look at the GPU now and every so many seconds until the block ends; a card that stops answering is let be.

    The thread sleeps between readings and takes one more at the end.
    """
    watched, over = Watched(gpu, every), threading.Event()
    if gpu is None:
        yield watched
        return
    lost: list[str] = []

    def watch() -> None:
        try:
            watched.look()
            while not over.wait(watched.every):
                watched.look()
            watched.look()
        except Unreachable as error:
            lost.append(str(error))

    thread = threading.Thread(target=watch, name="everfit-gpu", daemon=True)
    thread.start()
    try:
        yield watched
    finally:
        over.set()
        thread.join()
        if lost:
            progress(f"the GPU was not watched to the end: {lost[0]}")
