"""Feature code of a model folder, what it takes, and the matrix that an algorithm learns from."""

from __future__ import annotations

from everfit.features.as_of import as_of
from everfit.features.batches import encode_batch, learn_columns
from everfit.features.code import FeatureCode, as_given, load_code
from everfit.features.inputs import Input, Inputs, each_kind
from everfit.features.matrix import Column, Columns
from everfit.features.ranges import Range, Ranges, sum_up
from everfit.features.seen import Seen
from everfit.features.tables import pack, read_tables, unpack, write_tables

__all__ = [
    "Column",
    "Columns",
    "FeatureCode",
    "Input",
    "Inputs",
    "Range",
    "Ranges",
    "Seen",
    "as_given",
    "as_of",
    "each_kind",
    "encode_batch",
    "learn_columns",
    "load_code",
    "pack",
    "read_tables",
    "sum_up",
    "unpack",
    "write_tables",
]
