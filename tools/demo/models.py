"""The models of the demo: those of the project, with a roll-out in seconds where people would give it hours."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools.local.paths import PROJECT

STAGES = """
rollout:
  - shadow: {at_least: 5s, at_most: 5m, answers: 100, bars: {block: 1, latency: null}}
  - canary: {steps: [20, 50], bake: 5s, at_most: 5m, answers: 50, needs: no_harm, bars: {block: 1, latency: null}}
"""
"""Times are not judged: in the demo everything runs on the machine that trains."""

CANARY = """
rollout:
  - canary: {steps: [20, 50], bake: 2m, at_most: 5m, bars: {block: 0.5, latency: null}}
"""
"""No shadow before: it would see the harm before anybody is answered, and there would be no canary to be seen."""


def in_seconds(model: str, folder: Path, rollout: str, retrain: str = "") -> Path:
    """A copy of the models in `folder`, in which this one is rolled out so, and retrained so; returns the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PROJECT / "include" / "models", folder, ignore=shutil.ignore_patterns("__pycache__"))
    spec = folder / model / "model.yaml"
    written = spec.read_text()
    if retrain:  # it is the last part
        written = written[: written.index("\nretrain:") + 1] + retrain
    spec.write_text(written + rollout)
    return folder


YEAR = """
rollout:
  - canary: {steps: [20, 50], bake: 5s, at_most: 5m, answers: 50, needs: no_harm, bars: {block: 1, latency: null}}
monitor: {of: batches}
"""
"""In a year of months that follow each other by the minute, a window is one of rows, and not of the clock's days."""
RETRAIN = """retrain:
  when: [decay, drift, {new_data: {batches: 4}}]
"""
"""A month alone is no reason; late labels make each month come twice."""
