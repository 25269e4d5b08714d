"""A booster's trees as one table of splits and one of leaves, in the words of ONNX's `TreeEnsemble`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LESS, MEMBER = 1, 6
"""Modes of a split: below a threshold, and among some categories."""

LEAF = -1

PARTS = dict.fromkeys(("roots", "column", "missing", "true", "false", "true_leaf", "false_leaf", "output"), "int64")
PARTS |= dict.fromkeys(("threshold", "leaf", "members"), "float32") | {"mode": "uint8"}


@dataclass(frozen=True, eq=False)
class Trees:
    """All trees of a booster: columns of its splits, its leaves, and the categories of the splits that ask for some.

    A split goes to `true` or to `false`, which is a place among the leaves where `true_leaf` (`false_leaf`) is set and
    among the splits where not; `missing` says whether a missing value takes the way of what is true. `members` are the
    categories of the splits of mode `MEMBER`, in their order, each set ended by a NaN.
    """

    outputs: int
    columns: int
    roots: NDArray[np.int64]
    column: NDArray[np.int64]
    mode: NDArray[np.uint8]
    threshold: NDArray[np.float32]
    missing: NDArray[np.int64]
    true: NDArray[np.int64]
    false: NDArray[np.int64]
    true_leaf: NDArray[np.int64]
    false_leaf: NDArray[np.int64]
    leaf: NDArray[np.float32]
    output: NDArray[np.int64]
    members: NDArray[np.float32]

    def thresholds(self) -> list[NDArray[np.float32]]:
        """For each column of the matrix the numbers at which some tree splits it."""
        import numpy as np

        plain = self.mode == LESS
        return [np.unique(self.threshold[plain & (self.column == place)]) for place in range(self.columns)]


def trees_of(booster: Any, begin: Mapping[int, float]) -> Trees | str:
    """The trees of a booster, or why they are none that ONNX could have.

    `begin` is where the sum of each output begins: it goes into the first tree's leaves, for XGBoost adds up in that
    order, and float32 sums depend on it.
    """
    import numpy as np

    learner = json.loads(booster.save_raw("json"))["learner"]
    grown, shape = learner["gradient_booster"], learner["learner_model_param"]
    if grown["name"] != "gbtree":
        return f"the booster is of the kind {grown['name']}"
    model = grown["model"]
    if any(int(tree["tree_param"]["size_leaf_vector"]) > 1 for tree in model["trees"]):
        return "its leaves hold several numbers each"
    outputs = max(1, int(shape["num_class"]), int(shape["num_target"]), len(begin))
    parts: dict[str, list[Any]] = {name: [] for name in PARTS}
    splits = leaves = 0
    waiting = dict(begin)
    for tree, output in zip(model["trees"], model["tree_info"], strict=True):
        part = _one(tree, splits, leaves, waiting.pop(output, 0.0))
        part["output"] = np.full(len(part["leaf"]), output)
        part["roots"] = np.array([splits])
        for name in PARTS:
            parts[name].append(part[name])
        splits, leaves = splits + len(part["column"]), leaves + len(part["leaf"])
    if waiting:
        return f"there is no tree for {len(waiting)} of its {outputs} outputs"
    joined = {name: np.concatenate(parts[name]).astype(kind) for name, kind in PARTS.items()}
    return Trees(outputs, int(shape["num_feature"]), **joined)


def _one(tree: Mapping[str, Any], splits: int, leaves: int, begin: float) -> dict[str, Any]:
    """One tree, whose splits and leaves are counted on from those before it."""
    import numpy as np

    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    numbers = np.array(tree["split_conditions"], dtype=np.float32)
    is_leaf = left == LEAF
    places = np.where(is_leaf, leaves + np.cumsum(is_leaf) - 1, splits + np.cumsum(~is_leaf) - 1)
    leaf = numbers[is_leaf] + np.float32(begin)
    if is_leaf[0]:  # a tree that never split: both ways of one split lead to its leaf
        both = {name: np.array([leaves]) for name in ("true", "false")}
        leads = {name: np.ones(1) for name in ("true_leaf", "false_leaf")}
        nothing = {"column": np.zeros(1), "mode": np.full(1, LESS), "threshold": np.zeros(1), "missing": np.zeros(1)}
        return {**nothing, **both, **leads, "leaf": leaf, "members": np.empty(0)}
    inner = np.flatnonzero(~is_leaf)
    among = np.array(tree["split_type"])[inner] == 1
    # XGBoost goes left below a threshold, and right for a category of the set.
    true, false = np.where(among, (right[inner], left[inner]), (left[inner], right[inner]))
    default_left = np.array(tree["default_left"])[inner] == 1
    return {
        "column": np.array(tree["split_indices"])[inner],
        "mode": np.where(among, MEMBER, LESS),
        "threshold": np.where(among, np.float32(0), numbers[inner]),
        "missing": default_left != among,
        "true": places[true],
        "false": places[false],
        "true_leaf": is_leaf[true],
        "false_leaf": is_leaf[false],
        "leaf": leaf,
        "members": _members(tree, inner[among]),
    }


def _members(tree: Mapping[str, Any], nodes: NDArray[np.int64]) -> NDArray[np.float32]:
    import numpy as np

    sets = zip(tree["categories_segments"], tree["categories_sizes"], strict=True)
    of = dict(zip(tree["categories_nodes"], sets, strict=True))
    found: list[float] = []
    for node in nodes.tolist():
        begin, size = of[node]
        found += [*tree["categories"][begin : begin + size], np.nan]
    return np.array(found, dtype=np.float32)
