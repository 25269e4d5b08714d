"""Naive forecasts of the held-out rows, which know no label that was not known when a row was to be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from everfit.errors import SpecError, did_you_mean
from everfit.statistics.naive import Labelled, Naive, damped, damping, latest
from everfit.steps.labels import labels, learnable_rows, times, truths
from everfit.steps.rows import batch_rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.features import FeatureCode
    from everfit.gates import Evidence
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.values import Snapshot

    Array = NDArray[np.float64]


def with_naive(
    ports: Ports,
    spec: ModelSpec,
    code: FeatureCode,
    snapshot: Snapshot,
    held_out: Sequence[pd.DataFrame],
    evidence: Evidence,
) -> Evidence:
    """The evidence with each naive forecast that a gate asks for (`gate.naive`); as it is if none does.

    `held_out` are the raw rows of the holdout's batches. A row knows the labels of the batches before its own and, as
    its features do, none of the gap or after it; of those only rows earlier than itself. Errors: `SpecError` for a
    column `by` that rows() does not make.
    """
    asked = dict.fromkeys(naive for gate in spec.gates if (naive := getattr(gate, "naive", None)))
    if not asked:
        return evidence
    columns = tuple(dict.fromkeys(naive.by for naive in asked))
    training = [_told(spec, batch_rows(ports, spec, code, batch), columns, evidence) for batch in snapshot.training]
    later = [_told(spec, rows, columns, evidence) for rows in held_out]
    return replace(
        evidence,
        naive={
            naive.name: _forecast(
                naive,
                [told[naive.by] for told in training],
                [told[naive.by] for told in later],
                evidence,
                gap=bool(snapshot.gap),
            )
            for naive in asked
        },
    )


def _forecast(
    naive: Naive, training: Sequence[Labelled], held_out: Sequence[Labelled], evidence: Evidence, *, gap: bool
) -> Array:
    """Learnt from the training batches, of which each is forecast from those before it."""
    import numpy as np

    came = np.concatenate([part.values for part in training])
    usual = came.mean(axis=0)
    then = np.concatenate([latest(training[:place], part, naive.season) for place, part in enumerate(training)])
    weight = damping(came, then, usual)
    now = [
        latest([*training, *([] if gap else held_out[:place])], part, naive.season)
        for place, part in enumerate(held_out)
    ]
    made = damped(np.concatenate(now), usual, weight)
    missed = (came - damped(then, usual, weight))[:, 0]
    if evidence.task == "quantile":
        return made + np.quantile(missed, evidence.truth.levels)
    if evidence.task == "multiclass":
        return made
    return np.asarray(made[:, 0] + (np.median(missed) if naive.loss == "absolute" else 0.0))


def _told(
    spec: ModelSpec, rows: pd.DataFrame, columns: Sequence[str | None], evidence: Evidence
) -> dict[str | None, Labelled]:
    """The labelled rows of a batch, in the order of the feature table, by the column that tells them apart."""
    import pandas as pd

    for name in columns:
        if name is not None and name not in rows:
            raise SpecError(
                f"{spec.name}: the gate beats_baseline names the column {name!r}, which rows() does not make"
                f"{did_you_mean(name, map(str, rows.columns))}"
            )
    places = learnable_rows(spec, truths(spec, rows))
    hours = (times(spec, rows).dt.tz_localize(None) - pd.Timestamp(0)) / pd.Timedelta(hours=1)
    values = _values(labels(spec, rows).iloc[places], evidence)
    kept = hours.to_numpy(dtype=float)[places]
    return {
        name: Labelled(kept, rows[name].iloc[places].tolist() if name else [0] * len(places), values)
        for name in columns
    }


def _values(came: pd.Series, evidence: Evidence) -> Array:
    import numpy as np

    if evidence.task != "multiclass":
        return came.to_numpy(dtype=float)[:, None]
    return np.asarray(came.astype(str).to_numpy()[:, None] == np.array(evidence.columns), dtype=float)
