"""Evidence made on purpose: rows of days that go together, and a champion of known quality beside the candidate."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.gates import Evidence


def binary_evidence(seed=0, days=30, per_day=40, noise=1.2, **changes):
    """A well calibrated candidate, and a champion that sees the same signal through some noise."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), rng.poisson(per_day, days) + 2)
    signal = rng.normal(-1, 1.5, len(day)) + rng.normal(0, 0.5, days)[day]
    chance = 1 / (1 + np.exp(-signal))
    y = (rng.random(len(day)) < chance).astype(float)
    champion = 1 / (1 + np.exp(-(signal + noise * (rng.normal(0, 1, len(day)) + rng.normal(0, 1, days)[day]))))
    made = Evidence("binary", y, chance, champion, np.full(len(day), 0.3), day)
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
