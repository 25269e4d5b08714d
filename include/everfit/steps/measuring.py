"""Lets the gates that want to see more than scores measure it, while candidate and champion are at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit import catalog
from everfit.gates import Evidence, Known, Past, Subject
from everfit.statistics.evenly import evenly
from everfit.steps.feature_table import LABEL, OURS
from everfit.steps.point_in_time import stack
from everfit.steps.sample import draw_sample
from everfit.steps.served import serving
from everfit.values import Answer

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.steps.champion import Champion
    from everfit.steps.feature_table import TableFile
    from everfit.values import Snapshot

LEARNT = 10_000
"""So many training rows are shown to gates at most."""


def measured(
    spec: ModelSpec,
    evidence: Evidence,
    candidate: Known,
    champion: Known | None,
    table: TableFile,
    snapshot: Snapshot,
    past: Callable[[int], Iterator[Past]],
    both_ways: Callable[[int], tuple[pd.DataFrame, pd.DataFrame]],
) -> Evidence:
    """The evidence with what each gate measured, by its label; as it is if no gate of the spec measures anything.

    `past` makes windows of the past, and `both_ways` features as a server makes them.
    """
    asking = {label: gate for label, gate in zip(catalog.labels(spec.gates), spec.gates, strict=True) if _asks(gate)}
    if not asking:
        return evidence
    learnt = _drawn(table, tuple(batch.partition for batch in snapshot.training))
    subject = Subject(
        candidate=candidate,
        champion=champion,
        features=table.of(tuple(batch.partition for batch in snapshot.held_out)).features,
        learnt=learnt[[name for name in learnt.columns if not name.startswith(OURS)]],
        labels=learnt[LABEL].to_numpy(dtype=float),
        evidence=evidence,
        seed=spec.train.seed,
        past=past,
        both_ways=both_ways,
    )
    return replace(evidence, measured={label: dict(gate.measure(subject)) for label, gate in asking.items()})


def known(ports: Ports, predictor: Predictor, folder: Path, raw: pd.DataFrame) -> Known:
    """A model as gates may ask it: loaded from `folder`, with the labelled rows of the holdout."""

    def sample(size: int) -> tuple[Sequence[Mapping[str, Any]], Sequence[Answer | None]]:
        drawn = draw_sample(predictor, raw, size)
        return drawn.rows, drawn.scores

    return Known(predictor, folder, raw, sample, lambda: serving(folder, ports.work))


def known_champion(ports: Ports, champion: Champion | None, places: NDArray[np.int64]) -> Known | None:
    """The champion, if there is one to compare with; `places` are the labelled ones among all rows of the holdout."""
    if champion is None or champion.predictor is None:
        return None
    raw = stack(champion.rows).iloc[places].reset_index(drop=True)
    return known(ports, champion.predictor, champion.folder, raw)


def _asks(gate: Any) -> bool:
    return callable(getattr(gate, "measure", None))


def _drawn(table: TableFile, partitions: tuple[str, ...]) -> pd.DataFrame:
    """Rows of some batches, evenly drawn."""
    import pandas as pd
    import pyarrow as pa

    rows = table.rows(partitions)
    wanted = evenly(rows, LEARNT)
    kept, begin = [], 0
    for batch in table.batches(partitions, table.schema.names):
        here = wanted[(wanted >= begin) & (wanted < begin + batch.num_rows)] - begin
        kept.append(pa.Table.from_batches([batch.take(pa.array(here))]).to_pandas())
        begin += batch.num_rows
    drawn: pd.DataFrame = pd.concat(kept, ignore_index=True)
    return drawn
