from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MODEL = """\
name: shop
task: binary
label: bought
time: seen_at
data:
  landing: shop
  tables:
    visits: {file: visits.csv}
    items: {file: items.parquet, expectations: expectations/stock.json}
window: {batches: 4, holdout: 1, at_least: 2}
train:
  algorithm: xgboost
  params: {rounds: 20, learning_rate: 5e-2}
gates:
  - answers_sanely
  - above_bar: {metric: auc, at_least: 0.6}
retrain: {when: [new_data, {schedule: {cron: "0 5 * * 1"}}]}
"""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one right model, `shop`."""
    folder = tmp_path / "models" / "shop"
    (folder / "expectations").mkdir(parents=True)
    (folder / "model.yaml").write_text(MODEL)
    (folder / "features.py").write_text("INPUTS = ['page']\n\n\ndef features(rows, history):\n    return rows\n")
    for suite in ("visits", "stock"):
        (folder / "expectations" / f"{suite}.json").write_text("{}")
    return folder.parent


@pytest.fixture
def change(models: Path) -> Callable[[str, str], Path]:
    """Replaces a piece of the model's YAML and returns the models' folder."""

    def replace(old: str, new: str) -> Path:
        path = models / "shop" / "model.yaml"
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the model"
        path.write_text(text.replace(old, new))
        return models

    return replace
