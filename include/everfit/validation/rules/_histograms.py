"""Histograms of columns that can be compared between batches without their data, and their common bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from everfit.validation.rules._keys import column_hashes
from everfit.validation.words import percent, value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.validation.delivery import Delivery, Profile

NUMBER, TEXT = 0, 1
DROPPED = 42
"""Bits of a float's 52 that are let go: numbers are told apart to 1 in 1,024, whole ones up to 2,048 exactly."""
BINS = 10
WORDS = 19
DIGITS = 4


@dataclass(frozen=True)
class Histogram:
    """How often each value of one column comes: `keys` (sorted) are floats cut to 10 bits, or hashes of texts."""

    kind: int
    keys: NDArray[np.int64]
    counts: NDArray[np.int64]
    missing: int

    @property
    def rows(self) -> int:
        """How many rows there are, with a value or without."""
        return int(self.counts.sum()) + self.missing


@dataclass(frozen=True)
class Binned:
    """A batch and earlier ones over the same bins, the last one for missing values; `names` says what each bin is."""

    now: NDArray[np.int64]
    then: NDArray[np.int64]
    names: tuple[str, ...]


def histograms(delivery: Delivery, table: str, columns: Sequence[str]) -> dict[str, Histogram]:
    """The histogram of each column (all if none is named) that is a number, text or truth value, in one pass."""
    schema = delivery.schema(table)
    names = [name for name in columns or schema.names if columns or _kind(schema.field(name).type) is not None]
    found: dict[str, list[Histogram]] = {name: [] for name in names}
    for batch in delivery.columns(table, names):
        for name in names:
            if (kind := _kind(schema.field(name).type)) is not None:
                found[name].append(_count(batch.column(name), kind))
                if len(found[name]) > 1:
                    found[name] = [_sum(found[name])]
    return {name: parts[0] for name, parts in found.items() if parts}


def over_bins(now: Histogram, then: Sequence[Histogram]) -> Binned:
    """Count all over bins that are made on the earlier ones together."""
    import numpy as np

    known = _sum(then)
    if now.kind == TEXT:
        common = known.keys[np.argsort(-known.counts, kind="stable")[:WORDS]]
        counted = [np.array([_at(one, key) for key in common] + [0]) for one in (now, *then)]
        for one, counts in zip((now, *then), counted, strict=True):
            counts[-1] = one.counts.sum() - counts.sum()
        names = [*(f"its value number {place + 1}" for place in range(len(common))), "rarer values"]
    else:
        edges = _edges(known)
        counted = [_within(one, edges) for one in (now, *then)]
        names = _named(edges)
    whole = np.array([[*counts, one.missing] for one, counts in zip((now, *then), counted, strict=True)])
    used = whole.sum(axis=0) > 0
    return Binned(whole[0, used], whole[1:, used], tuple(np.array([*names, "no value"])[used].tolist()))


def moved(binned: Binned) -> str:
    """The bin whose share moved most, in words.

    >>> import numpy as np
    >>> moved(Binned(np.array([30, 70]), np.array([[50, 50], [60, 40]]), ("below 5", "5 and above")))
    'below 5 in 30% of the rows, before in 55%'
    """
    import numpy as np

    now, then = binned.now / binned.now.sum(), binned.then.sum(axis=0) / binned.then.sum()
    most = int(np.argmax(np.abs(now - then)))
    return f"{binned.names[most]} in {percent(float(now[most]))} of the rows, before in {percent(float(then[most]))}"


def pack(found: Mapping[str, Histogram]) -> Profile:
    """Histograms as arrays by name."""
    import numpy as np

    packed: dict[str, NDArray[Any]] = {"names": np.array(list(found), dtype=str)}
    for place, one in enumerate(found.values()):
        packed |= {f"{place}.keys": one.keys, f"{place}.counts": one.counts}
        packed[f"{place}.kind"] = np.array([one.kind, one.missing])
    return packed


def unpack(kept: Profile) -> dict[str, Histogram]:
    """The histograms that `pack` packed."""
    names = kept["names"].tolist() if "names" in kept else []
    return {
        name: Histogram(int(kept[f"{place}.kind"][0]), kept[f"{place}.keys"], kept[f"{place}.counts"], missing)
        for place, name in enumerate(names)
        for missing in [int(kept[f"{place}.kind"][1])]
    }


def _kind(kind: Any) -> int | None:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _kind(kind.value_type)
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return NUMBER
    return TEXT if types.is_string(kind) or types.is_large_string(kind) else None


def _count(values: Any, kind: int) -> Histogram:
    import numpy as np
    import pyarrow

    if kind == TEXT:
        hashes, there = column_hashes(values)
        keys = hashes[there].view(np.int64)
    else:
        numbers = values.cast(pyarrow.float64()).to_numpy(zero_copy_only=False)
        there = ~np.isnan(numbers)
        keys = _cut(numbers[there])
    unique, counts = np.unique(keys, return_counts=True)
    return Histogram(kind, unique, counts, int((~there).sum()))


def _cut(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Floats as whole numbers in the same order, without their last bits."""
    import numpy as np

    size = (np.abs(numbers) + 0.0).view(np.int64) >> DROPPED
    return np.where(numbers < 0, -size, size)


def _uncut(key: int) -> float:
    """The number that is nearest to 0 of those that share a key."""
    import numpy as np

    size = float(np.array([abs(key) << DROPPED], dtype=np.int64).view(np.float64)[0])
    return -size if key < 0 else size


def _sum(parts: Sequence[Histogram]) -> Histogram:
    import numpy as np

    keys, place = np.unique(np.concatenate([one.keys for one in parts]), return_inverse=True)
    weights = np.concatenate([one.counts for one in parts])
    counts = np.bincount(place, weights=weights, minlength=len(keys)).astype(np.int64)
    return Histogram(parts[0].kind, keys, counts, sum(one.missing for one in parts))


def _edges(known: Histogram) -> NDArray[np.int64]:
    """The keys at which bins of equal weight begin, the last one above all that is known; fewer where one value holds
    many rows. What is below the first edge, or from the last one on, was never seen before."""
    import numpy as np

    if not len(known.keys):
        return known.keys
    upto = np.cumsum(known.counts)
    places = np.searchsorted(upto, upto[-1] * np.arange(1, BINS) / BINS, side="right")
    inner = known.keys[np.minimum(places, len(known.keys) - 1)]
    return np.unique([known.keys[0], *inner, known.keys[-1] + 1])


def _within(one: Histogram, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    places = np.searchsorted(edges, one.keys, side="right")
    return np.bincount(places, weights=one.counts, minlength=len(edges) + 1).astype(np.int64)


def _at(one: Histogram, key: np.int64) -> int:
    import numpy as np

    place = int(np.searchsorted(one.keys, key))
    return int(one.counts[place]) if place < len(one.keys) and one.keys[place] == key else 0


def _named(edges: NDArray[np.int64]) -> list[str]:
    ends = [value(float(f"{_uncut(int(edge)):.{DIGITS}g}")) for edge in edges]
    if not ends:
        return ["values"]
    between = [f"{low} to under {high}" for low, high in pairwise(ends)]
    between[-1] = between[-1].partition(" to ")[0] + " and above"
    return ["less than ever before", *between, "more than ever before"]
