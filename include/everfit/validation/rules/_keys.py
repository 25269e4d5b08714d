"""Keys of rows as 64-bit numbers that are the same in every file format, batch and process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]

EXACT = 2**53
"""Up to here a float holds every whole number, so that 5 and 5.0 (a column with gaps) are the same key."""


def key_hashes(batch: Any, columns: Sequence[str]) -> tuple[Hashes, NDArray[np.bool_]]:
    """A hash of each row's key in an Arrow record batch, and which rows have one (no part of it is missing).

    Equal keys have equal hashes: 5 and 5.0, a category and its text, a time in any unit or zone. Two different ones
    share a hash about once in 18,446,744,073,709,551,616 pairs.
    """
    import numpy as np

    total, there = np.zeros(batch.num_rows, dtype=np.uint64), np.ones(batch.num_rows, dtype=bool)
    for name in columns:
        hashes, known = column_hashes(batch.column(name))
        total = _mix(total * np.uint64(0x9E3779B97F4A7C15) + hashes)
        there &= known
    return total, there


def column_hashes(values: Any) -> tuple[Hashes, NDArray[np.bool_]]:
    """A hash of each value of an Arrow array, and which values there are."""
    import numpy as np
    import pandas as pd
    import pyarrow
    from pyarrow import compute, types

    known = compute.is_valid(values).to_numpy(zero_copy_only=False)
    kind = values.type.value_type if types.is_dictionary(values.type) else values.type
    if types.is_timestamp(kind) or types.is_date(kind):
        moments = values.cast(pyarrow.timestamp("us")).cast(pyarrow.int64())
        return _mix(compute.fill_null(moments, 0).to_numpy(zero_copy_only=False).view(np.uint64) ^ np.uint64(1)), known
    if types.is_integer(kind) or types.is_boolean(kind):
        whole = compute.fill_null(values.cast(pyarrow.int64(), safe=False), 0).to_numpy(zero_copy_only=False)
        return _mix(whole.view(np.uint64)), known
    if types.is_floating(kind) or types.is_decimal(kind):
        return _of_floats(values.cast(pyarrow.float64()), known)
    words = values if types.is_dictionary(values.type) else values.cast(pyarrow.string()).dictionary_encode()
    names = np.asarray(words.dictionary.cast(pyarrow.string()).to_pylist() or [""], dtype=object)
    hashes = pd.util.hash_array(names, categorize=False)
    return hashes[compute.fill_null(words.indices, 0).to_numpy(zero_copy_only=False)], known


def key_values(batch: Any, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """The keys themselves, written so that equal keys are equal here too."""
    return list(zip(*(_plain(batch.column(name)) for name in columns), strict=True))


def shown(key: tuple[Any, ...]) -> Any:
    """A key for people: the value alone, or its parts side by side."""
    return key[0] if len(key) == 1 else " ".join(map(str, key))


def _plain(values: Any) -> list[Any]:
    import pyarrow
    from pyarrow import types

    if types.is_timestamp(values.type) or types.is_date(values.type):
        found = [moment and moment.isoformat() for moment in values.cast(pyarrow.timestamp("ms")).to_pylist()]
    elif types.is_decimal(values.type):
        found = values.cast(pyarrow.float64()).to_pylist()
    else:
        found = values.to_pylist()
    return [int(one) if isinstance(one, float) and one.is_integer() else one for one in found]


def _of_floats(values: Any, known: NDArray[np.bool_]) -> tuple[Hashes, NDArray[np.bool_]]:
    import numpy as np
    from pyarrow import compute

    numbers = compute.fill_null(values, 0.0).to_numpy(zero_copy_only=False)
    known = known & ~np.isnan(numbers)
    whole = known & (np.abs(numbers) < EXACT) & (np.floor(numbers) == numbers)
    as_whole = np.where(whole, numbers, 0).astype(np.int64).view(np.uint64)
    as_bits = numbers.view(np.uint64) ^ np.uint64(0x5555555555555555)
    return _mix(np.where(whole, as_whole, as_bits)), known


def _mix(bits: Hashes) -> Hashes:
    """The finalizer of SplitMix64, a bijection that leaves no two bits alike (Steele, Lea and Flood, OOPSLA 2014)."""
    import numpy as np

    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
