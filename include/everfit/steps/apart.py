"""Whether training and holdout are apart: no example of one is in the other as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from everfit.errors import DataError, SpecError, did_you_mean
from everfit.steps.labels import labels, times
from everfit.steps.point_in_time import stack

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.features import FeatureCode
    from everfit.spec import ModelSpec
    from everfit.values import Snapshot

Rows: TypeAlias = "Sequence[pd.DataFrame]"
MOST_TWINS = 0.001
"""Part of the held-out rows that may be exactly as a row of training, where no key says which rows are the same: two
examples can be alike in all that is known of them."""
SHOWN = 3


def gap_of(snapshot: Snapshot) -> range:
    """The places of the gap's batches in the snapshot."""
    start = len(snapshot.training)
    return range(start, start + snapshot.gap)


def check_apart(spec: ModelSpec, code: FeatureCode, snapshot: Snapshot, rows: Sequence[pd.DataFrame]) -> None:
    """Raise `DataError`, with count and examples, if examples that are held out are in training too.

    `rows` are those of each batch of the snapshot. With `window.key`, an example is what the key's columns say, and
    none may be on both sides. Without, it is its INPUTS, label and time together, and as many as one in a thousand
    held-out rows may have a twin. Errors: also `SpecError` for a key that rows() does not make.
    """
    training, held_out = rows[: gap_of(snapshot).start], rows[gap_of(snapshot).stop :]
    compared = _by_key if spec.window.key else _by_all_that_is_known
    twins = compared(spec, code, training, held_out)
    most = 0 if spec.window.key else MOST_TWINS * sum(map(len, held_out))
    if len(twins) <= most:
        return
    examples = "; ".join(_shown(dict(zip(twins.columns, row, strict=True))) for row in twins.head(SHOWN).to_numpy())
    what = f"key {', '.join(spec.window.key)}" if spec.window.key else "inputs, label and time"
    raise DataError(
        f"{spec.name}: {len(twins):,} of {sum(map(len, held_out)):,} held-out rows are in training too, with the same "
        f"{what}: {examples}. A model would be judged on what it has learnt; leave them out in rows(), or widen "
        "window.gap if the batches overlap"
        + ("" if spec.window.key else ", or let window.key say which columns name an example")
    )


def _by_key(spec: ModelSpec, code: FeatureCode, training: Rows, held_out: Rows) -> pd.DataFrame:
    """The keys of held-out rows that training has too. A row whose key is not whole is like no other."""
    key = list(spec.window.key)
    for name in key:
        if name not in held_out[0].columns:
            known = did_you_mean(name, map(str, held_out[0].columns))
            raise SpecError(f"{code.path}: rows() makes no column {name!r}, which window.key names{known}")
    learnt, held = (stack([frame[key] for frame in frames]) for frames in (training, held_out))
    whole = held[held.notna().all(axis=1)]
    return whole[_in_both(learnt, whole)]


def _by_all_that_is_known(spec: ModelSpec, code: FeatureCode, training: Rows, held_out: Rows) -> pd.DataFrame:
    """Labelled held-out rows of which training has an exact twin; only rows of a time on both sides are hashed."""
    sides = [[_known(spec, code, frame) for frame in frames] for frames in (training, held_out)]
    learnt, held = ({*stack([frame[[spec.time]] for frame in side])[spec.time].unique()} for side in sides)
    shared = learnt & held
    if not shared:
        return sides[1][0].iloc[:0]
    learnt_rows, held_rows = (stack([frame[frame[spec.time].isin(shared)] for frame in side]) for side in sides)
    return held_rows[_in_both(learnt_rows, held_rows)]


def _known(spec: ModelSpec, code: FeatureCode, frame: pd.DataFrame) -> pd.DataFrame:
    label, time = labels(spec, frame), times(spec, frame)
    known = frame[[name for name in code.inputs if name != spec.time]].assign(**{spec.label: label, spec.time: time})
    return known[label.notna()]


def _in_both(training: pd.DataFrame, held_out: pd.DataFrame) -> NDArray[np.bool_]:
    """Which held-out rows have a twin, by 64-bit hashes: of a million rows a side, one pair in ten million agrees by
    chance."""
    import numpy as np
    import pandas as pd

    hashes = pd.util.hash_pandas_object(stack([training, held_out]), index=False).to_numpy()
    return np.isin(hashes[len(training) :], hashes[: len(training)])


def _shown(row: dict[str, object]) -> str:
    said = [f"{name}={value}" for name, value in row.items()]
    return ", ".join(said[:4] + [f"and {len(said) - 4} more"] * (len(said) > 4))  # noqa: PLR2004
