"""A 64-bit key for every row: the value itself where it fits, a hash where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everfit.validation.onepass.column import Column

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    Numbers = np.ndarray[Any, Any]

_MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)  # splitmix64: Steele, Lea, Flood (2014)
_GOLDEN = 0x9E3779B97F4A7C15
_GAP = 0x5851F42D4C957F2D
_WORD = 8


def exact_keys(values: pyarrow.Array) -> Numbers:
    """The values of a column of numbers or times without gaps as keys: equal keys are equal values."""
    import numpy as np
    from pyarrow import types

    if types.is_floating(values.type):
        fractions: Numbers = values.to_numpy().astype("f8") + 0.0  # 0.0 and -0.0 are one number
        return fractions.view(np.uint64)
    if types.is_temporal(values.type):
        values = values.view("int32" if types.is_date32(values.type) else "int64")
    numbers: Numbers = values.to_numpy()
    return numbers.astype("u8" if numbers.dtype.kind == "u" else "i8", copy=False).view(np.uint64)


def row_keys(columns: Sequence[Column]) -> Numbers:
    """One hash for the values that several columns have in a row; equal rows have equal hashes, gaps are equal."""
    import numpy as np

    combined: Numbers | None = None
    with np.errstate(over="ignore"):
        for column in columns:
            one = _hashed(column)
            combined = one if combined is None else _mixed(combined * np.uint64(_GOLDEN) + one)
    assert combined is not None  # noqa: S101 - there is a column at least
    return combined


def _hashed(column: Column) -> Numbers:
    import numpy as np
    from pyarrow import types

    values = column.values
    if column.coded:
        codes = values.indices.fill_null(0).to_numpy(zero_copy_only=False)
        entries = text_hashes(values.dictionary)
        hashes = entries[codes] if len(entries) else np.zeros(len(codes), np.uint64)
    elif types.is_string(values.type) or types.is_large_string(values.type):
        hashes = text_hashes(values)
    else:
        hashes = _mixed(exact_keys(filled(column)))
    if column.gaps is None:
        return hashes
    return np.where(np.asarray(column.gaps), np.uint64(_GAP), hashes)


def filled(column: Column) -> pyarrow.Array:
    """The values with something in every gap: what, does not matter."""
    import pyarrow
    from pyarrow import compute, types

    if column.gaps is None:
        return column.values
    zero = pyarrow.scalar(0, pyarrow.int32() if types.is_date32(column.values.type) else pyarrow.int64())
    return compute.if_else(column.gaps, zero.cast(column.values.type), column.values)


def text_hashes(values: pyarrow.Array) -> Numbers:
    """A hash for every text, eight bytes at a time for all of them at once; a gap has any."""
    import numpy as np
    import pyarrow

    text = values.cast(pyarrow.large_string())
    _, offsets, data = text.buffers()
    ends = np.frombuffer(offsets, np.int64, len(text) + 1, text.offset * _WORD)
    starts, sizes = ends[:-1], np.diff(ends)
    padded = np.zeros((data.size if data else 0) + _WORD, np.uint8)
    padded[:-_WORD] = np.frombuffer(data, np.uint8) if data else 0
    words = np.lib.stride_tricks.as_strided(padded[:_WORD].view(np.uint64), (len(padded) - _WORD + 1,), (1,))
    with np.errstate(over="ignore"):
        hashes = _mixed(sizes.astype(np.uint64) + np.uint64(_GOLDEN))
        rows = np.flatnonzero(sizes)
        for at in range(0, int(sizes.max(initial=0)), _WORD):
            rows = rows[sizes[rows] > at]
            surplus = np.maximum(at + _WORD - sizes[rows], 0).astype(np.uint64) * np.uint64(8)
            kept = words[starts[rows] + at] << surplus  # what follows the text in the buffer falls off (little endian)
            hashes[rows] = _mixed(hashes[rows] ^ kept)
    return hashes


def _mixed(keys: Numbers) -> Numbers:
    """Spread every bit over all others; no two keys become one."""
    import numpy as np

    with np.errstate(over="ignore"):
        keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(_MULTIPLIERS[0])
        keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(_MULTIPLIERS[1])
        mixed: Numbers = keys ^ (keys >> np.uint64(31))
        return mixed
