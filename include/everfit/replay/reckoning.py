"""How it went, told by the ledger of a world and by the labels of all rows.

Each row is held against the champion of its own moment, which cannot have learnt from it: a batch lands after its rows.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from everfit.features import load_code
from everfit.ledger.entries import BatchQuarantined, DeploymentFailed, Promoted
from everfit.replay.kept import essence
from everfit.replay.outcome import Day, Hindsight, Outcome, Promotion, Retrain
from everfit.replay.world import World
from everfit.spec.usual import LOSSES
from everfit.statistics.evenly import evenly
from everfit.steps.feature_table import LABEL, OBSERVED, TIME
from everfit.steps.labels import truths
from everfit.steps.rows import batch_rows
from everfit.values import dump

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.predictor import Predictor
    from everfit.values import Batch

    Array = NDArray[np.float64]

MOST = 50_000
"""So many labelled rows of a batch are scored, evenly drawn."""
FEWEST_DAYS = 2


@dataclass(frozen=True)
class _Reign:
    """A version, and from when to when it was the champion."""

    version: int
    previous: int | None
    begin: datetime
    end: datetime


def reckon(world: World) -> Outcome:
    """The outcome of a world that has been played."""
    view, losses = world.view, Losses(world)
    reigns = tuple(_reigns(world))
    return Outcome(
        policy=world.name,
        loss=LOSSES[world.spec.task],
        days=tuple(_days(losses, reigns)),
        retrains=tuple(_retrains(world)),
        promotions=tuple(
            Promotion(reign.begin, reign.version, reign.previous, _hindsight(losses, reign)) for reign in reigns
        ),
        accepted=len(view.batches),
        refused=len(view.of(BatchQuarantined)),
    )


class Losses:
    """The loss of every labelled row of a world's accepted batches, under any of its versions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.batches: Sequence[Batch] = [batch for _, batch in world.view.batches]
        self._at_hand: tuple[str, pd.DataFrame, pd.DataFrame] | None = None

    @cached_property
    def when(self) -> Array:
        """The time of each row, in seconds since 1970, batch by batch."""
        import numpy as np

        return np.concatenate([np.zeros(0), *map(self._times, self.batches)])

    @cached_property
    def days(self) -> NDArray[np.int64]:
        """The day of each row, as intervals count days."""
        from everfit.statistics.days import days

        return days((self.when // 3600).astype("int64"))

    def of(self, version: int, where: NDArray[np.bool_]) -> Array:
        """The loss of some of the rows under a version; only batches that have such rows are scored."""
        import numpy as np

        files = dump(self._world.view.versions[version])["files"]
        found, begin = [np.zeros(0)], 0
        for batch, length in zip(self.batches, self._lengths, strict=True):
            mine = where[begin : begin + length]
            if mine.any():
                found.append(self._array("losses", batch, files, partial(self._losses, version, batch))[mine])
            begin += length
        return np.concatenate(found)

    @cached_property
    def _lengths(self) -> list[int]:
        return [len(self._times(batch)) for batch in self.batches]

    def _array(self, what: str, batch: Batch, more: Any, make: Callable[[], Array]) -> Array:
        """An array from the shared store, made if it is not there yet."""
        import numpy as np

        store = self._world.memo.store
        key = [essence(self._world.spec), batch.partition, batch.sha256, more]
        name = f"memo/{what}/{self._world.memo.digest(key)}.npy"
        if not store.exists(name):
            into = io.BytesIO()
            np.save(into, make())
            store.write(name, into.getvalue())
        made: Array = np.load(io.BytesIO(store.read(name)))
        return made

    def _times(self, batch: Batch) -> Array:
        def seconds() -> Array:
            return self._truth(batch)[1][TIME].astype("int64").to_numpy(dtype="float64") / 1e6

        return self._array("times", batch, [], seconds)

    def _losses(self, version: int, batch: Batch) -> Array:
        from everfit.statistics.losses import per_row
        from everfit.statistics.truth import Truth

        rows, truth = self._truth(batch)
        predictor, spec = self._world.target.version(self._world.spec.name, version), self._world.spec
        y, scores = _in_columns(truth, predictor, predictor.predict(rows))
        observed = truth[OBSERVED].to_numpy(dtype=bool) if OBSERVED in truth else None
        return per_row(LOSSES[spec.task], Truth(y, observed=observed, levels=spec.quantiles), scores)

    def _truth(self, batch: Batch) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The labelled rows of a batch, and what came of them; the newest one read is kept at hand."""
        import numpy as np

        if self._at_hand is None or self._at_hand[0] != batch.sha256:
            spec = self._world.spec
            rows = batch_rows(self._world.ports, spec, load_code(spec.code_path), batch)
            truth = truths(spec, rows)
            places = np.flatnonzero(truth[LABEL].notna().to_numpy())
            some = places[evenly(len(places), MOST)]
            self._at_hand = (
                batch.sha256,
                rows.iloc[some].reset_index(drop=True),
                truth.iloc[some].reset_index(drop=True),
            )
        return self._at_hand[1:]


def _in_columns(truth: pd.DataFrame, predictor: Predictor, scores: Array) -> tuple[Array, Array]:
    """Labels as losses want them: a class by its place among the columns; one that the model does not know gets a
    column of its own, with a chance of zero."""
    import numpy as np

    if predictor.card.task != "multiclass":
        return truth[LABEL].to_numpy(dtype=float), scores
    known = predictor.card.scores
    strangers = sorted(set(truth[LABEL].unique()) - set(known))
    columns = {name: place for place, name in enumerate((*known, *strangers))}
    nothing = np.zeros((len(scores), len(strangers)))
    return truth[LABEL].map(columns).to_numpy(dtype=float), np.hstack([scores, nothing])


def _reigns(world: World) -> Iterator[_Reign]:
    decisions = world.view.of(Promoted)
    ends = [*(entry.at for entry in decisions[1:]), max(one.last for one in world.landed) + timedelta(seconds=1)]
    for entry, end in zip(decisions, ends, strict=False):
        yield _Reign(entry.body.version, entry.body.previous, entry.at, end)


def _days(losses: Losses, reigns: Sequence[_Reign]) -> Iterator[Day]:
    """Rows and losses by day, under whoever was the champion."""
    import numpy as np

    days = np.concatenate([np.zeros(0, dtype="int64"), *(losses.days[_during(losses, reign)] for reign in reigns)])
    found = np.concatenate([np.zeros(0), *(losses.of(reign.version, _during(losses, reign)) for reign in reigns)])
    each, codes = np.unique(days, return_inverse=True)
    rows, sums = np.bincount(codes, minlength=len(each)), np.bincount(codes, weights=found, minlength=len(each))
    for day, count, total in zip(each.tolist(), rows.tolist(), sums.tolist(), strict=True):
        yield Day(day, count, total)


def _during(losses: Losses, reign: _Reign) -> NDArray[np.bool_]:
    return (losses.when > reign.begin.timestamp()) & (losses.when <= reign.end.timestamp())


def _hindsight(losses: Losses, reign: _Reign) -> Hindsight | None:
    """The new champion against the one that it replaced, on the rows that came while it reigned."""
    import numpy as np

    from everfit.statistics.interval import estimate, mean

    where = _during(losses, reign)
    if reign.previous is None or len(np.unique(losses.days[where])) < FEWEST_DAYS:
        return None
    apart = losses.of(reign.version, where) - losses.of(reign.previous, where)
    found = estimate(mean(apart), losses.days[where])
    return Hindsight(found.value, found.low, found.high, found.rows, found.clusters)


def _retrains(world: World) -> Iterator[Retrain]:
    """Every run, and how it ended: the newest thing that the ledger says of its candidate."""
    view = world.view
    promoted = {view.trained_on(entry.body.version).run for entry in view.of(Promoted)}
    stopped = {view.trained_on(entry.body.version).run: entry.body.reason for entry in view.of(DeploymentFailed)}
    for entry in view.triggers:
        run, judged = entry.body.run, view.judgement_of(entry.body.run)
        failed = world.failed.get(run) or stopped.get(run)
        outcome = "promoted" if run in promoted else "failed" if failed else "kept back"
        reason = judged.body.reason if judged else "it was not judged"
        words = reason if outcome == "promoted" or not failed else failed
        yield Retrain(entry.at, run, entry.body.why, entry.body.because, world.paid.get(run, {}), outcome, words)
