"""Refuses a run that cannot end well before it costs a training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from everfit.errors import NotEnoughData
from everfit.gates import Evidence, Prospect, Standing
from everfit.gates.evidence import ABOUT
from everfit.ledger.entries import CandidateJudged, ModelRegistered
from everfit.steps.feature_table import BATCH, LABEL, TIME
from everfit.steps.standing import standing
from everfit.values import Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.values import Features, Verdict


def refuse_hopeless(ports: Ports, spec: ModelSpec, snapshot: Snapshot, features: Features) -> None:
    """Raise `NotEnoughData` if the algorithm could learn nothing from so few rows, or a gate could pass no candidate.

    An algorithm may say so by `fewest_rows(task)`, a gate by `hopeless(prospect)`; of those that do not, the best is
    hoped. Labels and times are all that is looked at, so it takes a moment even for millions of rows. Who forces a run
    knows better: do not ask then.
    """
    import pandas as pd

    table = pd.read_parquet(ports.store.local_file(features.table), columns=[LABEL, TIME, BATCH])
    newest = snapshot.training[-(spec.train.batches or len(snapshot.training)) :]
    learnt, held_out = (
        table[table[BATCH].isin([batch.partition for batch in part])] for part in (newest, snapshot.held_out)
    )
    view = ports.ledger(spec.name).view()
    stands = standing(view, spec, snapshot.held_out)
    said = _said(spec, view, snapshot)
    reasons = [*_too_few(spec, learnt), *_not_judged(spec, held_out, view, stands, said, _alone(ports, view))]
    if reasons:
        raise NotEnoughData(
            f"{spec.name}: training is not begun, for it could not end well. {'. '.join(reasons)}. A forced run is "
            "trained all the same"
        )


def _too_few(spec: ModelSpec, learnt: pd.DataFrame) -> Iterator[str]:
    algorithm: Any = spec.algorithm
    needs = getattr(algorithm, "fewest_rows", None)
    fewest = needs(spec.task) if needs else 1
    if len(learnt) < fewest:
        yield (
            f"{spec.train.algorithm} cannot split {len(learnt):,} rows even once with its parameters, wanted at least "
            f"{fewest:,}: widen the window (window.batches), or let train.params hold it back less"
        )


def _alone(ports: Ports, view: View) -> Evidence | None:
    """The evidence on which the champion was judged itself; None where there is none, or retention has removed it."""
    import pandas as pd
    import pyarrow.parquet as pq

    made = [entry.body.judged for entry in view.of(ModelRegistered) if entry.body.version.version == view.champion]
    kept = view.judged(made[0]).evidence if made else None
    if kept is None or not ports.store.exists(kept.key):
        return None
    path = ports.store.local_file(kept)
    names = [name for name in pq.read_schema(path).names if not name.startswith(ABOUT)]
    return Evidence.from_frame(pd.read_parquet(path, columns=names))


def _said(spec: ModelSpec, view: View, snapshot: Snapshot) -> tuple[Verdict, ...]:
    """What gates said of earlier candidates against this champion, on the very batches that the next is judged on.

    Of older batches nothing follows: the champion ages with each one that arrives, and by how much a candidate is
    better by now is only known once one is trained. Else one that could not be told from a young champion would be the
    last: nothing would ever be trained against an old one.
    """
    runs = {entry.body.run: entry.body for entry in view.triggers}
    return tuple(
        verdict
        for entry in view.of(CandidateJudged)
        if (run := runs.get(entry.body.run)) and entry.body.champion == view.champion is not None
        if Snapshot(spec.name, run.batches, run.holdout, run.gap).held_out == snapshot.held_out
        for verdict in entry.body.verdicts
    )


def _not_judged(
    spec: ModelSpec,
    held_out: pd.DataFrame,
    view: View,
    stands: Standing,
    said: tuple[Verdict, ...],
    alone: Evidence | None,
) -> Iterator[str]:
    from everfit.statistics.days import days

    hours = held_out[TIME].dt.tz_localize(None).to_numpy(dtype="datetime64[h]").astype("int64")
    prospect = Prospect(
        task=spec.task,
        y=held_out[LABEL].to_numpy(dtype=float),
        clusters=days(hours),
        champion=view.champion,
        said=said,
        alone=alone,
        standing=stands,
    )
    for gate in spec.gates:
        ask = getattr(gate, "hopeless", None)
        reason = ask(prospect) if ask else None
        if reason:
            yield f"The gate {_name(gate)} could pass no candidate: {reason}"


def _name(gate: Any) -> str:
    from everfit import catalog

    return catalog.name_of(type(gate))
