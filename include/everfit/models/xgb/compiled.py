"""A booster's trees in ONNX Runtime: the same sums to the last bit, forty times sooner for a single row."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import local
from typing import TYPE_CHECKING, Any

from everfit.models import Compiled
from everfit.models.xgb.links import link_of
from everfit.models.xgb.trees import Trees, trees_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.models.xgb.links import Link

OPSETS = {"ai.onnx.ml": 5, "": 20}
IR = 10
ANSWER = ["sums"]
MOST_SPLITS = 5_000_000


def compiled(booster: Any) -> Compiled | str:
    """The booster in ONNX Runtime on one thread, or why it cannot be."""
    linked = link_of(booster)
    if isinstance(linked, str):
        return linked
    link, begin = linked
    trees = trees_of(booster, begin)
    if isinstance(trees, str):
        return trees
    if len(trees.column) > MOST_SPLITS:
        return f"it has {len(trees.column):,} splits, more than {MOST_SPLITS:,}"
    return Compiled(_Scorer(_session(model_of(trees)), link, trees.outputs), trees.thresholds())


def model_of(trees: Trees) -> bytes:
    """The trees as a model in ONNX's format (`ai.onnx.ml.TreeEnsemble`, version 5)."""
    from onnx import TensorProto, helper, numpy_helper

    def tensor(name: str, values: Any) -> Any:
        return numpy_helper.from_array(values, name)

    sets = {"membership_values": tensor("members", trees.members)} if len(trees.members) else {}
    node = helper.make_node(
        "TreeEnsemble",
        ["rows"],
        ["sums"],
        domain="ai.onnx.ml",
        n_targets=trees.outputs,
        tree_roots=trees.roots.tolist(),
        nodes_featureids=trees.column.tolist(),
        nodes_modes=tensor("mode", trees.mode),
        nodes_splits=tensor("threshold", trees.threshold),
        nodes_missing_value_tracks_true=trees.missing.tolist(),
        nodes_truenodeids=trees.true.tolist(),
        nodes_falsenodeids=trees.false.tolist(),
        nodes_trueleafs=trees.true_leaf.tolist(),
        nodes_falseleafs=trees.false_leaf.tolist(),
        leaf_weights=tensor("leaf", trees.leaf),
        leaf_targetids=trees.output.tolist(),
        **sets,
    )
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, trees.columns])
    sums = helper.make_tensor_value_info("sums", TensorProto.FLOAT, [None, trees.outputs])
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    made = helper.make_model(helper.make_graph([node], "trees", [rows], [sums]), opset_imports=opsets, ir_version=IR)
    data: bytes = made.SerializeToString()
    return data


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # more only wait for each other over one row
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True)
class _Scorer:
    session: Any
    link: Link
    outputs: int
    bound: local = field(default_factory=local)

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """One score per row, or a column of them per output, as the booster's own."""
        sums = self._one(matrix) if len(matrix) == 1 else self.session.run(ANSWER, {"rows": matrix})[0]
        scores: NDArray[np.float64] = self.link(sums if self.outputs > 1 else sums[:, 0]).astype("float64")
        return scores

    def _one(self, row: NDArray[np.float32]) -> Any:
        """The sums of one row, by way of memory that each thread binds once: a third less than `run`."""
        try:
            binding, given, sums = self.bound.one
        except AttributeError:
            binding, given, sums = self.bound.one = self._bind(row.shape[1])
        given[:] = row
        self.session.run_with_iobinding(binding)
        return sums

    def _bind(self, columns: int) -> tuple[Any, Any, Any]:
        import numpy as np

        binding, given = self.session.io_binding(), np.empty((1, columns), np.float32)
        sums = np.empty((1, self.outputs), np.float32)
        binding.bind_cpu_input("rows", given)
        binding.bind_output(ANSWER[0], "cpu", 0, np.float32, sums.shape, sums.ctypes.data)
        return binding, given, sums
