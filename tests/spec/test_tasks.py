"""What a spec says beside the task, and what is refused before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from everfit.errors import SpecError
from everfit.spec import ModelSpec, load_spec

SAID: dict[str, Any] = {
    "name": "shop",
    "label": "late",
    "time": "at",
    "data": {"landing": "shop", "tables": {"orders": {"file": "orders.csv"}}},
}


def spec(task: str, **more: Any) -> ModelSpec:
    return ModelSpec(**(SAID | {"task": task} | more))


@pytest.mark.parametrize(
    ("task", "more"),
    [
        ("binary", {"train": {"class_weights": {"1": 3}, "half_life": 90, "weight": "price"}}),
        ("multiclass", {"train": {"class_weights": "balanced"}}),
        ("multiclass", {"train": {"class_weights": {"late": 2.5, 4: 1}}}),
        ("regression", {"train": {"params": {"objective": "reg:tweedie", "monotone": {"price": "rising"}}}}),
        ("quantile", {"quantiles": [0.1, 0.9], "train": {"params": {"interactions": [["a", "b"], ["c"]]}}}),
        ("ranking", {"group": "day", "train": {"params": {"objective": "rank:map"}}}),
        ("survival", {"observed": "came"}),
    ],
)
def test_what_fits_is_taken_and_written_down_again(task: str, more: dict[str, Any]) -> None:
    made = spec(task, **more)
    assert ModelSpec.model_validate_json(made.model_dump_json()).spec_hash == made.spec_hash


@pytest.mark.parametrize(
    ("task", "more", "says"),
    [
        ("quantile", {}, "quantiles: is missing: the task quantile needs it"),
        ("ranking", {}, "group: is missing: the task ranking needs it"),
        ("survival", {}, "observed: is missing: the task survival needs it"),
        ("binary", {"quantiles": [0.5]}, "quantiles: is for the task quantile, and this one is binary: take it out"),
        ("regression", {"group": "day"}, "group: is for the task ranking"),
        ("multiclass", {"observed": "came"}, "observed: is for the task survival"),
        ("quantile", {"quantiles": [0.9, 0.1]}, r"quantiles: found \[0.9, 0.1\], wanted levels that rise, each once"),
        ("quantile", {"quantiles": [0.5, 0.5]}, "wanted levels that rise, each once"),
        ("quantile", {"quantiles": [0, 0.5]}, r"quantiles\[0\]: found 0.*wanted more than 0"),
        ("ranking", {"group": "late"}, "group: found 'late', which is the label already"),
        ("survival", {"observed": "late"}, "observed: found 'late', which is the label already"),
        ("regression", {"train": {"class_weights": "balanced"}}, "train.class_weights: is for binary and multiclass"),
        ("binary", {"train": {"class_weights": {"late": 2}}}, "found 'late', wanted 0 or 1"),
        ("binary", {"train": {"class_weights": {"1": 0}}}, "class_weights"),
        (
            "binary",
            {"engine": "spark", "train": {"algorithm": "lightgbm"}},
            "engine: the algorithm lightgbm cannot be trained by several machines; take `engine: local`, or",
        ),
        ("binary", {"train": {"half_life": 0}}, "train.half_life: found 0.*wanted more than 0"),
        ("binary", {"train": {"params": {"monotone": {"x": "up"}}}}, "monotone.x: found 'up'"),
        ("binary", {"train": {"params": {"objective": "reg:tweedie"}}}, "no objective for the task binary"),
        ("ranking", {"group": "day", "gates": [{"beats_baseline": {"loss": "log_loss"}}]}, "the task is ranking"),
        (
            "multiclass",
            {"data": SAID["data"] | {"rules": ["no_leakage"]}},
            r"data.rules\[0\]: this rule is for binary or quantile or ranking or regression or survival",
        ),
    ],
)
def test_what_does_not_fit_is_refused(task: str, more: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        spec(task, **more)


YAML = """name: shop
task: regression
label: late
time: at
data: {landing: shop, tables: {orders: {file: orders.csv}}}
train:
  params:
    objective: mine
"""


def test_the_function_that_is_named_must_be_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    (folder / "expectations").mkdir(parents=True)
    (folder / "model.yaml").write_text(YAML)
    (folder / "features.py").write_text("INPUTS = ['x']\n\ndef features(rows, history):\n    return rows\n")
    (folder / "expectations" / "orders.json").write_text('{"name": "orders", "expectations": []}')
    with pytest.raises(
        SpecError, match=r"model.yaml:8: train.params.objective: names the function 'mine'.*no such|No such"
    ):
        load_spec(folder)
    (folder / "objectives.py").write_text("def min(predictions, labels): ...\n")
    with pytest.raises(SpecError, match=r"objectives.py has no function 'mine'; did you mean 'min'"):
        load_spec(folder)
    (folder / "objectives.py").write_text("def mine(predictions, labels): ...\n")
    assert load_spec(folder).algorithm.objective == "mine"
