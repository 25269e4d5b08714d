"""Monitors of inputs, answers and the system say something sensible of models of every task."""

from dataclasses import replace

import numpy as np
import pytest

from everfit import catalog
from everfit.signals import Signal
from everfit.spec.usual import LOSSES
from everfit.statistics.calls import Calls
from everfit.statistics.losses import per_row
from everfit.statistics.truth import Truth
from everfit.steps.decayed import decayed
from everfit.values import Outcome
from tests.monitors.conftest import seen
from tests.monitors.moved import before, fortnight

MONITORS = (
    "feature_drift",
    "prediction_drift",
    "attribution_drift",
    "train_serve_skew",
    "data_quality",
    "system",
)
LEVELS = (0.1, 0.5, 0.9)
NAMES = {"multiclass": ("a", "b", "c"), "quantile": ("p10", "p50", "p90")}


def of(task, some):
    """The rows of a binary world as those of another task."""
    p, none = some.scores, np.full(some.rows, np.nan)
    if task == "multiclass":
        scores = np.column_stack([p, (1 - p) / 2, (1 - p) / 2])
        return replace(some, scores=scores, losses=per_row("log_loss", Truth(some.y), scores))
    if task == "quantile":
        scores = np.column_stack([p - 0.5, p, p + 0.5])
        return replace(some, scores=scores, losses=per_row("pinball", Truth(some.y, levels=LEVELS), scores))
    if task == "regression":
        return replace(some, losses=np.abs(some.y - p))
    return replace(some, losses=none) if task in ("ranking", "survival") else some


@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("name", MONITORS)
def test_a_quiet_fortnight_is_no_harm_and_says_so(task, name):
    now = seen(of(task, before(1)), of(task, fortnight(1)), task=task, loss=LOSSES[task], names=NAMES.get(task, ()))
    found = catalog.monitors()[name]().watch(now)
    known = name in ("feature_drift", "prediction_drift", "data_quality")
    assert found.outcome is (Outcome.PASSED if known else Outcome.CANNOT_TELL)
    assert found.reason
    assert found.monitor == name


@pytest.mark.parametrize("task", ["binary", "multiclass", "quantile"])
@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_of_few_rows_no_monitor_finds_harm_or_raises(task, count):
    few = np.arange(fortnight(1).rows) < count
    window = of(task, fortnight(1)).of(few)
    calls = Calls(window.at, np.zeros(count, dtype=bool), np.full(count, 0.01))
    others = {"calls": calls, "calls_before": calls, "again": window.scores, "levels": LEVELS}
    now = seen(of(task, before(1)), window, task=task, loss=LOSSES[task], names=NAMES.get(task, ()), **others)
    for kind in catalog.monitors().values():
        if task in getattr(kind(), "tasks", {task}):
            assert not kind().watch(now).harms, kind
    assert decayed(now, [Signal("quality", Outcome.FAILED, "it is worse")]) is None


@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("name", ["feature_drift", "prediction_drift"])
def test_a_drift_is_told_and_what_it_does_if_losses_are_known(task, name):
    reference, window = of(task, before(1)), of(task, fortnight(1, moved=1.0))
    found = catalog.monitors()[name]().watch(seen(reference, window, task=task, names=NAMES.get(task, ())))
    assert "drifted" in found.reason or "moved" in found.reason
    known = task not in ("ranking", "survival")
    assert (found.effect is not None) is known
    assert known or found.outcome is Outcome.CANNOT_TELL
