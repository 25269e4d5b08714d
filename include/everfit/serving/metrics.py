"""What the server counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, generate_latest

from everfit.predictor.confidence import CLASSES, confidence
from everfit.serving.tallies import Spread, Tally
from everfit.values import Answer, numbers

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
# Probabilities need even steps between 0 and 1; minutes, prices and the like need few steps over many sizes.
SCORES = (-1000, -100, -50, -20, -10, -5, -1, 0, *(i / 20 for i in range(1, 21)), 2, 5, 10, 20, 50, 100, 200, 500, 1000)

SURE = (0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1)


@dataclass
class Metrics:
    """The server's counters, in a registry of their own."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        by = ["model", "version", "alias"]
        own = self.registry
        self.requests = Tally("everfit_requests", "Requests for predictions", [*by, "status"], own)
        self.rows = Tally("everfit_rows", "Rows answered", by, own)
        self.seconds = Spread("everfit_request_seconds", "Seconds to answer", by, SECONDS, own)
        self.scores = Spread("everfit_score", "Scores given", ["model", "version"], SCORES, own)
        self.ways = Tally("everfit_answers", "Answers by the way that they took", ["model", "version", "way"], own)
        self.checked = Tally(
            "everfit_answers_checked", "Short answers given again the long way", ["model", "version", "outcome"], own
        )
        self.queue = Gauge("everfit_rows_waiting", "Rows that wait to be scored", registry=own)
        kept = ["model", "version"]
        self.kept = Tally("everfit_predictions_kept", "Answers that are kept", kept, own)
        self.dropped = Tally("everfit_predictions_dropped", "Answers that could not be kept", kept, own)
        self.shadows = Tally("everfit_shadows", "Requests for the shadow", [*kept, "outcome"], own)
        fallback = "Requests that the champion answered because this version failed"
        self.fallbacks = Tally("everfit_fallbacks", fallback, kept, own)
        self.segments = Counter("everfit_prediction_segments", "Segments brought to the store", registry=own)
        self.waiting = Gauge("everfit_predictions_waiting_bytes", "Bytes kept that wait for the store", registry=own)
        self.versions = Gauge("everfit_version_info", "1 for each version that is loaded", by, registry=own)
        self.problems = Gauge(
            "everfit_problem", "1 for each model, or the registry, that is in trouble", ["about"], registry=own
        )
        sure = "Probability of the likeliest class"
        self.confidence = Spread("everfit_confidence", sure, ["model", "version"], SURE, own)
        self.flags = Tally("everfit_flags", "Rows by what was remarkable about them", [*by, "flag"], own)
        self.abstained = Tally("everfit_abstained", "Rows that were given no answer, on purpose", by, own)
        self.refused = Tally("everfit_refused_requests", "Requests turned away outside", ["status"], own)
        ProcessCollector(registry=own)

    def said(
        self,
        model: str,
        version: int,
        alias: str,
        task: str,
        answers: Sequence[Answer | None],
        flags: Sequence[Sequence[str]],
    ) -> None:
        """Count one request's answers, and what was remarkable about its rows."""
        given = [one for one in answers if one is not None] if None in answers else answers
        self.answered(model, version, alias, given)  # type: ignore[arg-type]
        self.sure(model, version, task, given)  # type: ignore[arg-type]
        for flag in chain.from_iterable(flags):
            self.flags.add(model, version, alias, flag.partition(":")[0])
        if len(given) < len(answers):
            self.abstained.add(model, version, alias, by=len(answers) - len(given))

    def answered(self, model: str, version: int, alias: str, answers: Iterable[Answer]) -> None:
        """Count the rows and the numbers of one request's answers: of several classes or quantiles, each number."""
        add, rows = self.scores.add, 0
        for answer in answers:
            for score in (answer,) if type(answer) is float else numbers(answer):
                add(score, model, version)
            rows += 1
        self.rows.add(model, version, alias, by=rows)

    def sure(self, model: str, version: int, task: str, answers: Iterable[Answer]) -> None:
        """Count how sure the answers of a task of classes are."""
        if task not in CLASSES:
            return
        add = self.confidence.add
        for answer in answers:
            if (found := confidence(task, answer)) is not None:
                add(found, model, version)

    def turned_away(self, status: int) -> None:
        """Count a request that did not come in."""
        self.refused.add(status)

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
