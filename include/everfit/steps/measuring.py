"""Lets the gates that want to see more than scores measure it, while candidate and champion are at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from everfit import catalog
from everfit.gates import Evidence, Known, Past, Subject
from everfit.steps.feature_table import LABEL, OURS
from everfit.steps.point_in_time import stack

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.spec import ModelSpec
    from everfit.steps.champion import Champion
    from everfit.steps.feature_table import TableFile
    from everfit.values import Snapshot

LEARNT = 10_000
"""So many training rows are shown to gates at most."""


def measured(
    spec: ModelSpec,
    candidate: Known,
    champion: Champion | None,
    places: NDArray[np.int64],
    table: TableFile,
    snapshot: Snapshot,
    evidence: Evidence,
    past: Callable[[int], Iterator[Past]],
) -> Evidence:
    """The evidence with what each gate measured, by its label; as it is if no gate of the spec measures anything.

    `places` are those of the labelled rows among all rows of the holdout; `past` makes windows of the past.
    """
    asking = {label: gate for label, gate in zip(catalog.labels(spec.gates), spec.gates, strict=True) if _asks(gate)}
    if not asking:
        return evidence
    learnt = _drawn(table, tuple(batch.partition for batch in snapshot.training))
    subject = Subject(
        candidate=candidate,
        champion=_known(champion, places),
        features=table.of(tuple(batch.partition for batch in snapshot.held_out)).features,
        learnt=learnt[[name for name in learnt.columns if not name.startswith(OURS)]],
        labels=learnt[LABEL].to_numpy(dtype=float),
        evidence=evidence,
        seed=spec.train.seed,
        past=past,
    )
    return replace(evidence, measured={label: dict(gate.measure(subject)) for label, gate in asking.items()})


def _asks(gate: Any) -> bool:
    return callable(getattr(gate, "measure", None))


def _known(champion: Champion | None, places: NDArray[np.int64]) -> Known | None:
    if champion is None or champion.predictor is None:
        return None
    raw = stack(champion.rows).iloc[places].reset_index(drop=True)
    return Known(champion.predictor, champion.folder, raw)


def _drawn(table: TableFile, partitions: tuple[str, ...]) -> pd.DataFrame:
    """Rows of some batches, evenly drawn."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    rows = table.rows(partitions)
    wanted = np.unique(np.linspace(0, rows - 1, min(LEARNT, rows)).astype(int))
    kept, begin = [], 0
    for batch in table.batches(partitions, table.schema.names):
        here = wanted[(wanted >= begin) & (wanted < begin + batch.num_rows)] - begin
        kept.append(pa.Table.from_batches([batch.take(pa.array(here))]).to_pandas())
        begin += batch.num_rows
    drawn: pd.DataFrame = pd.concat(kept, ignore_index=True)
    return drawn
