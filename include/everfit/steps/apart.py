"""Whether training and holdout are apart: no example of one is in the other as well."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from everfit.errors import DataError, SpecError, did_you_mean
from everfit.steps.labels import labels, times
from everfit.steps.point_in_time import Told, stack

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.engines import Engine
    from everfit.features import FeatureCode
    from everfit.spec import ModelSpec
    from everfit.values import Snapshot

Batches: TypeAlias = "Sequence[Told]"
MOST_TWINS = 0.001
"""Part of the held-out rows that may be exactly as a row of training, where no key says which rows are the same: two
examples can be alike in all that is known of them."""
SHOWN = 3


def gap_of(snapshot: Snapshot) -> range:
    """The places of the gap's batches in the snapshot."""
    start = len(snapshot.training)
    return range(start, start + snapshot.gap)


def check_apart(
    spec: ModelSpec, code: FeatureCode, snapshot: Snapshot, batches: Sequence[Told], engine: Engine
) -> None:
    """Raise `DataError`, with count and examples, if examples that are held out are in training too.

    `batches` are those of the snapshot. With `window.key`, an example is what the key's columns say, and none may be on
    both sides. Without, it is its INPUTS, label and time together, and as many as one in a thousand held-out rows may
    have a twin. Errors: also `SpecError` for a key that rows() does not make.
    """
    training, held_out = batches[: gap_of(snapshot).start], batches[gap_of(snapshot).stop :]
    compared = _by_key if spec.window.key else _by_all_that_is_known
    held_rows, twins = compared(spec, code, training, held_out, engine)
    most = 0 if spec.window.key else MOST_TWINS * held_rows
    if len(twins) <= most:
        return
    examples = "; ".join(_shown(dict(zip(twins.columns, row, strict=True))) for row in twins.head(SHOWN).to_numpy())
    what = f"key {', '.join(spec.window.key)}" if spec.window.key else "inputs, label and time"
    raise DataError(
        f"{spec.name}: {len(twins):,} of {held_rows:,} held-out rows are in training too, with the same "
        f"{what}: {examples}. A model would be judged on what it has learnt; leave them out in rows(), or widen "
        "window.gap if the batches overlap"
        + ("" if spec.window.key else ", or let window.key say which columns name an example")
    )


def _by_key(
    spec: ModelSpec, code: FeatureCode, training: Batches, held_out: Batches, engine: Engine
) -> tuple[int, pd.DataFrame]:
    """How many rows are held out, and the keys of those that training has too.

    A row whose key is not whole is like no other. The keys of the holdout go to each batch of training.
    """
    key = list(spec.window.key)
    held = stack(list(engine.map(partial(_keys, key, code), held_out)))
    whole = held[held.notna().all(axis=1)]
    learnt = stack(list(engine.map(partial(_keys_in, key, code, whole), training)))
    return len(held), whole[_in_both(learnt, whole)]


def _keys(key: list[str], code: FeatureCode, batch: Told) -> pd.DataFrame:
    for name in key:
        if name not in batch.frame.columns:
            known = did_you_mean(name, map(str, batch.frame.columns))
            raise SpecError(f"{code.path}: rows() makes no column {name!r}, which window.key names{known}")
    return batch.frame[key]


def _keys_in(key: list[str], code: FeatureCode, held: pd.DataFrame, batch: Told) -> pd.DataFrame:
    learnt = _keys(key, code, batch)
    return learnt[_in_both(held, learnt)]


def _by_all_that_is_known(
    spec: ModelSpec, code: FeatureCode, training: Batches, held_out: Batches, engine: Engine
) -> tuple[int, pd.DataFrame]:
    """How many rows are held out, and the labelled ones of which training has an exact twin.

    Only rows of a time on both sides are hashed, and only they travel.
    """
    found = list(engine.map(partial(_times_of, spec, code), [*training, *held_out]))
    sizes, times_seen = [rows for rows, _ in found], [times for _, times in found]
    held_rows = sum(sizes[len(training) :])
    learnt, held = (stack(side) for side in (times_seen[: len(training)], times_seen[len(training) :]))
    shared = {*learnt[spec.time]} & {*held[spec.time]}
    if not shared:
        return held_rows, held.iloc[:0]
    sides = [list(engine.map(partial(_at, spec, code, shared), side)) for side in (training, held_out)]
    learnt_rows, held_out_rows = (stack(side) for side in sides)
    return held_rows, held_out_rows[_in_both(learnt_rows, held_out_rows)]


def _times_of(spec: ModelSpec, code: FeatureCode, batch: Told) -> tuple[int, pd.DataFrame]:
    """How many rows a batch has, and the times of its labelled ones, each once."""
    return len(batch.frame), _known(spec, code, batch.frame)[[spec.time]].drop_duplicates()


def _at(spec: ModelSpec, code: FeatureCode, shared: set[pd.Timestamp], batch: Told) -> pd.DataFrame:
    known = _known(spec, code, batch.frame)
    return known[known[spec.time].isin(shared)]


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
