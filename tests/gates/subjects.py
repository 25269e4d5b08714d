"""Subjects for gates that ask the model itself: a model of a few lines that answers for real, and its rows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from everfit.gates import Evidence, Known, Subject


@dataclass(frozen=True)
class Formula:
    """A model that answers by a formula of its inputs, which are its features."""

    answer: object
    inputs: tuple[str, ...]

    def predict(self, rows):
        return np.asarray(self.answer(rows[list(self.inputs)]), dtype=float)

    def score(self, features):
        return self.predict(features)


def unasked(*given):
    raise AssertionError(f"the gate asked for what it has no need of: {given}")


def subject_of(answer, rows, y, days, *, task="binary", learnt=None, labels=None, columns=(), seed=7):
    """The candidate `answer` on these rows; it learnt from `learnt`, or from nothing."""
    model = Formula(answer, tuple(rows.columns))
    scores = model.predict(rows)
    usual = np.tile(scores.mean(axis=0), (len(rows), 1)) if columns else np.full(len(rows), y.mean())
    evidence = Evidence(task, y, scores, None, usual, days, columns=columns)
    learnt = rows.iloc[:0] if learnt is None else learnt
    labels = np.empty(0) if labels is None else labels
    known = Known(model, Path(), rows, unasked, unasked)
    return Subject(known, None, rows, learnt, labels, evidence, seed, unasked, unasked)


def judged(gate, subject):
    """What the gate says, by way of what it measures."""
    evidence = subject.evidence
    kept = Evidence(**{**vars(evidence), "measured": {"it": dict(gate.measure(subject))}})
    return gate.judge(Evidence.from_frame(kept.to_frame()).of("it"))


def flights(rng, days=30, per_day=60):
    """Flights of some days: distance, departure, tail number, wind, and the chance that they are late."""
    day = np.repeat(np.arange(days), rng.poisson(per_day, days) + 1)
    rows = pd.DataFrame(
        {
            "distance": rng.gamma(4, 200, len(day)),
            "leaves": pd.Timestamp("2013-01-01", tz="UTC")
            + pd.to_timedelta(day * 24 + rng.integers(5, 23, len(day)), unit="h"),
            "tailnum": rng.choice([f"N{n}" for n in range(50)], len(day)),
            "wind": rng.normal(10, 4, len(day)) + rng.normal(0, 3, days)[day],
        }
    )
    return rows, day
