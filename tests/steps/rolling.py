"""A rollout without servers: a ledger and a log of predictions in memory, and a clock that a test moves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from everfit.ledger import Ledger
from everfit.ledger.entries import Body, CandidateJudged, ModelRegistered
from everfit.ports import Ports
from everfit.predictions import Label, Prediction, keep_labels, pack
from everfit.predictions.prediction import id_of
from everfit.spec import ModelSpec
from everfit.steps.deploy import deploy
from everfit.steps.rollout import Standing, advance
from everfit.testing.fakes import FakeRegistry, FakeTarget, MemoryStore
from everfit.values import FileHash, ModelVersion

BEGIN = datetime(2013, 6, 1, tzinfo=UTC)


@dataclass
class Hands:
    """A clock whose hands a test moves."""

    at: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.at

    def later(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Stand:
    """Ports in memory for one model, and who asks it."""

    ports: Ports
    spec: ModelSpec
    clock: Hands
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    made: int = 0

    @property
    def ledger(self) -> Ledger:
        return self.ports.ledger(self.spec.name)

    @property
    def route(self) -> Any:
        return self.ports.registry.route(self.spec.name)

    def version(self, number: int, against: int | None) -> int:
        """A version that was judged against a champion, and registered."""
        path = self.ports.work / "sample.json"
        path.write_text('{"rows": [{"x": 1}], "scores": [0.5]}')
        sample = self.ports.store.put_file(f"evidence/{number}.json", path)
        judged = CandidateJudged(f"run:{number}", f"m{number}", "5nap", (), against, True, "good", (), sample, sample)
        entry = self.ledger.append(f"judged:{number}", judged)
        model = ModelVersion(self.spec.name, number, f"m{number}", (FileHash("model", "0" * 64, 1),))
        self.ledger.append(f"registered:{number}", ModelRegistered(model, entry.seq))
        self.ports.target.scores[number] = [0.5]  # type: ignore[attr-defined]
        return number

    def champion(self) -> int:
        deploy(self.ports, self.spec, self.version(1, None), "first#1", lambda _: None)
        return 1

    def look(self, version: int = 2, attempt: str = "run#1", ports: Ports | None = None) -> Standing:
        return advance(ports or self.ports, self.spec, version, attempt, lambda _: None)

    def traffic(self, requests: int, *, worse: float = 0.0, broken: float = 0.0, label: bool = True) -> None:
        """So many requests over the next ten minutes, dealt by the route, kept, and labelled.

        The truth is what the champion says; the challenger is off by `worse`, and fails in the share `broken`.
        """
        route, kept, labels = self.route, [], []
        for one in range(requests):
            at = self.clock.at + timedelta(seconds=600 * one / requests)
            noise = self.random.bytes(8)
            p = float(self.random.uniform(0.1, 0.9))
            came = float(self.random.random() < p)
            off = float(np.clip(p + worse * (1 if p < 0.5 else -1), 0.01, 0.99))
            scores = {route.champion: p, route.challenger: off}
            mine = int.from_bytes(hashlib.blake2b(noise, digest_size=8).digest()) / 2**64 < route.share
            who, other = (route.challenger, route.champion) if mine else (route.champion, route.challenger)
            base = Prediction(
                "", at, self.spec.name, who, "x", [{"x": 1}], [scores[who]], seconds=0.001, deal=route.deal
            )
            if mine and self.random.random() < broken:
                answer = replace(base, id=id_of(at, self.random.bytes(8)), version=other, scores=[p], deal="")
                kept += [answer, replace(base, id=id_of(at, noise), scores=[], error="broken", shadow_of=answer.id)]
            else:
                answer = replace(base, id=id_of(at, noise))
                kept.append(answer)
            if route.shadows:
                fails = other == route.challenger and self.random.random() < broken
                said: Sequence[float] = [] if fails else [scores[other]]
                shadow = replace(base, id=id_of(at, self.random.bytes(8)), version=other, scores=said, deal="")
                kept.append(replace(shadow, shadow_of=answer.id, error="broken" * fails))
            labels.append(Label(answer.id, came))
        for number in {one.version for one in kept}:
            self.ports.store.create(*pack(one for one in kept if one.version == number))
        self.clock.later(minutes=10)
        if label:
            keep_labels(self.ports.store, self.spec.name, labels, self.clock.at)

    def kinds(self, *which: type[Body]) -> list[str]:
        return [entry.kind for entry in self.ledger.entries() if isinstance(entry.body, which)]


def stand(folder: Path, spec: ModelSpec) -> Stand:
    """A stand for that spec, with its files under `folder`."""
    registry, clock = FakeRegistry(), Hands()
    ports = Ports(
        store=MemoryStore(),
        landing=None,  # type: ignore[arg-type]
        data=None,  # type: ignore[arg-type]
        registry=registry,  # type: ignore[arg-type]
        target=FakeTarget(registry, {}),
        clock=clock,
        work=folder,
    )
    return Stand(ports, spec, clock)
