"""Counters for the event loop: adding to one is a look-up in a dict, a tenth of what a thread-safe one costs.

They are added to by the loop's own thread alone, and made into Prometheus' families when somebody reads /metrics.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector


class Tally(Collector):
    """A counter by labels.

    >>> tally = Tally("everfit_rows", "Rows answered", ["model"], CollectorRegistry())
    >>> tally.add("flights", by=3)
    >>> [sample.value for family in tally.collect() for sample in family.samples]
    [3]
    """

    def __init__(self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self._named = name, text, tuple(labels)
        self._found: defaultdict[tuple[object, ...], float] = defaultdict(int)
        registry.register(self)

    def add(self, *labels: object, by: float = 1) -> None:
        """Count one, or several."""
        self._found[labels] += by

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What was counted, as Prometheus reads it."""
        name, text, labels = self._named
        family = CounterMetricFamily(name, text, labels=labels)
        for key, value in list(self._found.items()):
            family.add_metric([str(one) for one in key], value)
        yield family

    def describe(self) -> Iterator[CounterMetricFamily]:
        """The name, for nobody else to take."""
        name, text, labels = self._named
        yield CounterMetricFamily(name, text, labels=labels)


class Spread(Collector):
    """A histogram by labels: how many values are at most as large as each of `steps`.

    >>> spread = Spread("everfit_seconds", "Seconds", [], (0.1, 1), CollectorRegistry())
    >>> for value in (0.05, 0.1, 7): spread.add(value)
    >>> [(sample.labels.get("le"), sample.value) for family in spread.collect() for sample in family.samples]
    [('0.1', 2.0), ('1.0', 2.0), ('+Inf', 3.0), (None, 3.0), (None, 7.15)]
    """

    def __init__(
        self, name: str, text: str, labels: Sequence[str], steps: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._named = name, text, tuple(labels)
        self._steps = tuple(float(step) for step in steps)
        self._found: dict[tuple[object, ...], list[float]] = {}
        registry.register(self)

    def add(self, value: float, *labels: object) -> None:
        """Count one value."""
        found = self._found.get(labels)
        if found is None:
            found = self._found[labels] = [0.0] * (len(self._steps) + 2)
        found[bisect_left(self._steps, value)] += 1
        found[-1] += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What was counted, as Prometheus reads it."""
        name, text, labels = self._named
        family = HistogramMetricFamily(name, text, labels=labels)
        for key, (*counts, total) in list(self._found.items()):
            of = dict(zip(labels, map(str, key), strict=True))
            added = list(accumulate(counts))
            for bound, count in zip([*map(str, self._steps), "+Inf"], added, strict=True):
                family.add_sample(f"{name}_bucket", of | {"le": bound}, count)
            # Prometheus' own method leaves these two out where a step is negative.
            family.add_sample(f"{name}_count", of, added[-1])
            family.add_sample(f"{name}_sum", of, total)
        yield family

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """The name, for nobody else to take."""
        name, text, labels = self._named
        yield HistogramMetricFamily(name, text, labels=labels)
