"""Evidence made on purpose: rows of days that go together, and a champion of known quality beside the candidate."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.gates import Evidence


def known_of(rows):
    """Two texts and a number of each row, which say nothing of its label."""
    rng = np.random.default_rng(rows)
    texts = {"carrier": ["AA", "UA", "WN"], "origin": ["EWR", "JFK", None]}
    drawn = {name: rng.choice(np.array(values, dtype=object), rows) for name, values in texts.items()}
    return drawn | {"distance": rng.gamma(2, 500, rows).round()}


def binary_evidence(seed=0, days=30, per_day=40, noise=1.2, **changes):
    """A well calibrated candidate, and a champion that sees the same signal through some noise."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), rng.poisson(per_day, days) + 2)
    signal = rng.normal(-1, 1.5, len(day)) + rng.normal(0, 0.5, days)[day]
    chance = 1 / (1 + np.exp(-signal))
    y = (rng.random(len(day)) < chance).astype(float)
    champion = 1 / (1 + np.exp(-(signal + noise * (rng.normal(0, 1, len(day)) + rng.normal(0, 1, days)[day]))))
    made = Evidence("binary", y, chance, champion, np.full(len(day), 0.3), day, about=known_of(len(day)))
    return replace(made, **changes)


def regression_evidence(seed=0, days=30, per_day=40, **changes):
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), rng.poisson(per_day, days) + 2)
    known = rng.gamma(4, 10, len(day))
    y = known + rng.normal(0, 5, len(day)) + rng.normal(0, 3, days)[day]
    champion = known + rng.normal(0, 2, len(day))
    means, medians = np.full(len(day), 40.0), np.full(len(day), 36.0)
    return replace(Evidence("regression", y, known, champion, means, day, baseline_median=medians), **changes)


@pytest.fixture
def binary():
    return binary_evidence


@pytest.fixture
def regression():
    return regression_evidence


def task_evidence(task, seed=0, days=30, per_day=40, **changes):
    """A candidate that is right about the signal, and a champion that sees it through noise, for the other tasks."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), per_day)
    signal = rng.normal(0, 1, len(day)) + rng.normal(0, 0.3, days)[day]
    noise = rng.normal(0, 1, len(day))
    made = {
        "multiclass": _classes,
        "quantile": _quantiles,
        "ranking": _ranking,
        "survival": _survival,
    }[task](rng, day, signal, signal + noise)
    return replace(made, **changes)


def _classes(rng, day, signal, blurred):
    columns = ("late", "on time", "very late")

    def shares(of):
        weights = np.exp(np.column_stack([of, 1 - of, of - 1]))
        return weights / weights.sum(axis=1, keepdims=True)

    y = (rng.random(len(day))[:, None] > shares(signal).cumsum(axis=1)).sum(axis=1).astype(float)
    usual = np.tile(np.bincount(y.astype(int), minlength=3) / len(y), (len(y), 1))
    return Evidence("multiclass", y, shares(signal), shares(blurred), usual, day, columns=columns)


def _quantiles(rng, day, signal, blurred):
    y = 10 * signal + rng.normal(0, 2, len(day))
    bands = 2 * np.array([-1.2816, 0, 1.2816])
    usual = np.tile(np.quantile(y, [0.1, 0.5, 0.9]), (len(y), 1))
    ours, theirs = (10 * of[:, None] + bands for of in (signal, blurred))
    return Evidence("quantile", y, ours, theirs, usual, day, columns=("0.1", "0.5", "0.9"))


def _ranking(rng, day, signal, blurred):
    y = np.maximum(signal + rng.normal(0, 0.2, len(day)), 0)
    groups = np.arange(len(day)) // 10
    return Evidence("ranking", y, signal, blurred, np.zeros(len(day)), day, groups=groups)


def _survival(rng, day, signal, blurred):
    came, left = np.exp(signal + rng.normal(0, 0.5, len(day))), rng.exponential(4, len(day)) + 0.01
    y, seen = np.minimum(came, left), came <= left
    return Evidence("survival", y, np.exp(signal), np.exp(blurred), np.full(len(day), 1.0), day, observed=seen)


@pytest.fixture
def of_task():
    return task_evidence
