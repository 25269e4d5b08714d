"""The models of the demo: those of the project, with a roll-out in seconds where people would give it hours."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tools.demo.errors import DemoError
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


def in_seconds(model: str, folder: Path, rollout: str, instead: Mapping[str, str] = MappingProxyType({})) -> Path:
    """A copy of the models in `folder`, in which this one is rolled out so, and other words of its spec are replaced;
    returns the folder. Errors: `DemoError` where the spec does not have these words."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PROJECT / "include" / "models", folder, ignore=shutil.ignore_patterns("__pycache__"))
    spec = folder / model / "model.yaml"
    written = spec.read_text()
    for old, new in instead.items():
        if old not in written:
            raise DemoError(f"{spec} lacks {old!r}, which the play would replace by {new!r}")
        written = written.replace(old, new)
    spec.write_text(written + rollout)
    return folder


YEAR = """
rollout:
  - canary: {steps: [20, 50], bake: 5s, at_most: 5m, answers: 50, needs: no_harm, bars: {block: 1, latency: null}}
monitor: {of: batches}
"""
"""In a year of months that follow each other by the minute, a window is one of rows, and not of the clock's days."""
OTHERS = {
    'when: [new_data, changed, {schedule: {cron: "0 5 * * 1"}}]': "when: [decay, drift, {new_data: {batches: 4}}]",
    "by: [carrier, origin]}": "by: [carrier, origin], min_rows: 1000}",
}
"""A month alone is no reason to train: late labels make each month come twice. And of an airline with two hundred
flights a month nobody can tell in a month whether a new model harms it: it would keep all of them back."""
