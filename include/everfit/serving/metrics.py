"""What the server counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from everfit.serving.confidence import STEPS, confidence
from everfit.values import Answer, numbers

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
# Probabilities need even steps between 0 and 1; minutes, prices and the like need few steps over many sizes.
SCORES = (-1000, -100, -50, -20, -10, -5, -1, 0, *(i / 20 for i in range(1, 21)), 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass
class Metrics:
    """The server's counters, in a registry of their own."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        by = ["model", "version", "alias"]
        own = self.registry
        self.requests = Counter("everfit_requests", "Requests for predictions", [*by, "status"], registry=own)
        self.rows = Counter("everfit_rows", "Rows answered", by, registry=own)
        self.seconds = Histogram("everfit_request_seconds", "Seconds to answer", by, buckets=SECONDS, registry=own)
        self.scores = Histogram("everfit_score", "Scores given", ["model", "version"], buckets=SCORES, registry=own)
        kept = ["model", "version"]
        self.kept = Counter("everfit_predictions_kept", "Answers that are kept", kept, registry=own)
        self.dropped = Counter("everfit_predictions_dropped", "Answers that could not be kept", kept, registry=own)
        self.segments = Counter("everfit_prediction_segments", "Segments brought to the store", registry=own)
        self.waiting = Gauge("everfit_predictions_waiting_bytes", "Bytes kept that wait for the store", registry=own)
        self.versions = Gauge("everfit_version_info", "1 for each version that is loaded", by, registry=own)
        self.problems = Gauge(
            "everfit_problem", "1 for each model, or the registry, that is in trouble", ["about"], registry=own
        )
        self.confidence = Histogram(
            "everfit_confidence",
            "Probability of the likeliest class",
            ["model", "version"],
            buckets=STEPS,
            registry=own,
        )
        self.flags = Counter("everfit_flags", "Rows by what was remarkable about them", [*by, "flag"], registry=own)
        self.abstained = Counter("everfit_abstained", "Rows that were given no answer, on purpose", by, registry=own)
        self.refused = Counter(
            "everfit_refused_requests", "Requests turned away at the doors", ["status"], registry=own
        )
        ProcessCollector(registry=own)

    def answered(self, model: str, version: int, alias: str, answers: Iterable[Answer]) -> None:
        """Count the rows and the numbers of one request's answers: of several classes or quantiles, each number."""
        observe = self.scores.labels(model, version).observe
        rows = 0
        for answer in answers:
            for score in numbers(answer):
                observe(score)
            rows += 1
        self.rows.labels(model, version, alias).inc(rows)

    def sure(self, model: str, version: int, task: str, answers: Iterable[Answer]) -> None:
        """Count how sure the answers of a task of classes are."""
        observe = self.confidence.labels(model, version).observe
        for answer in answers:
            if (found := confidence(task, answer)) is not None:
                observe(found)

    def turned_away(self, status: int) -> None:
        """Count a request that did not come in."""
        self.refused.labels(status).inc()

    def page(self, loaded: Mapping[str, Mapping[str, int]], problems: Iterable[str] = ()) -> bytes:
        """The text that Prometheus reads; `loaded` is model to alias to version, `problems` who is in trouble."""
        self.problems.clear()
        for about in problems:
            self.problems.labels(about).set(1)
        self.versions.clear()
        for model, by_alias in loaded.items():
            for alias, version in by_alias.items():
                self.versions.labels(model, version, alias).set(1)
        return generate_latest(self.registry)
