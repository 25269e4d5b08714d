"""What a model server answered, kept for good: which version said what, when, and about which rows.

Under `predictions/<model>/<version>/` in the store; `everfit.serving` writes it, anybody reads it.
"""

from __future__ import annotations

from everfit.predictions.labels import Label, Told, keep_labels, label_count, label_segments, labels_since, told_since
from everfit.predictions.prediction import Prediction
from everfit.predictions.segment import Segment, loads_in, pack, segments, unpack, without
from everfit.predictions.served import Served, find, predictions_of

__all__ = [
    "Label",
    "Prediction",
    "Segment",
    "Served",
    "Told",
    "find",
    "keep_labels",
    "label_count",
    "label_segments",
    "labels_since",
    "loads_in",
    "pack",
    "predictions_of",
    "segments",
    "told_since",
    "unpack",
    "without",
]
