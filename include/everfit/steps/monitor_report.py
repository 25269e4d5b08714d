"""The report of one look at a model: what was found, how it went over time, what moved, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from everfit.ledger.entries import Monitored, Promoted, RolledBack
from everfit.plots.monitoring.look import Look, Mark, Sketch, Span
from everfit.statistics.histogram import Bins
from everfit.statistics.tally import Categories
from everfit.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from everfit.ledger import View
    from everfit.monitors import Seen
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.statistics.decay.cause import Decay
    from everfit.statistics.decay.columns import Column

CELLS = 12
"""So many cells a drawn feature has at most."""


def report(ports: Ports, spec: ModelSpec, view: View, seen: Seen, found: Monitored, decay: Decay | None) -> str:
    """The page, for `found`, whose signals still have their courses."""
    from everfit.plots.monitoring.page import render

    return render(
        Look(
            model=spec.name,
            title=spec.title or spec.name,
            at=ports.clock(),
            found=found,
            serving=seen.serving,
            reference=_span(seen),
            loss=seen.loss,
            decay=decay,
            earlier=[entry.body for entry in view.of(Monitored)],
            marks=list(_marks(view)),
            sketches=list(_sketches(seen, found)),
            links={f"All decisions of {spec.name}": f"../../models/{spec.name}"},
        )
    )


def _span(seen: Seen) -> Span:
    times = seen.reference.at
    begin, end = (datetime.fromtimestamp(float(at), UTC) for at in (times.min(), times.max()))
    return Span(begin, end, seen.reference.rows)


def _marks(view: View) -> Iterator[Mark]:
    for entry in view.of(Promoted):
        yield Mark(entry.at, "champion", f"version {entry.body.version} became champion")
    for back in view.of(RolledBack):
        yield Mark(back.at, "champion", f"back to version {back.body.version}")
    for run in view.triggers:
        yield Mark(run.at, "retrain", f"retrained: {'; '.join(run.body.because) or run.body.why}")


def _sketches(seen: Seen, found: Monitored) -> Iterator[Sketch]:
    """The features that drifted, as the monitor ranks them."""
    before = {column.name: column for column in (seen.season or seen.reference).columns}
    now = {column.name: column for column in seen.window.columns}
    drift = next((signal for signal in found.signals if signal.monitor == "feature_drift"), None)
    for part in drift.parts if drift else ():
        if part.outcome is not Outcome.PASSED and part.name in before and part.name in now:
            yield Sketch(part.name, *_shares(before[part.name], now[part.name]), part.reason)


def _shares(before: Column, now: Column) -> tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...]]:
    """The cells of a column, and what share of the rows is in each, before and now."""
    if before.categories:
        known = Categories.learn(_counts(before), CELLS)
        sides = [known.of(_counts(side)).cells for side in (before, now)]
        names = (*known.names, "other", "missing")
    else:
        bins = Bins.learn(before.values, CELLS)
        sides = [bins.count(side.values).cells for side in (before, now)]
        names = (*_ranges(bins.edges), "missing", "infinite")
    kept = [place for place, counts in enumerate(zip(*sides, strict=True)) if any(counts)]
    shares = [tuple(side[place] / max(sum(side), 1) for place in kept) for side in sides]
    return tuple(names[place] for place in kept), shares[0], shares[1]


def _counts(column: Column) -> dict[str | None, int]:
    import numpy as np

    codes, counts = np.unique(np.where(np.isnan(column.values), -1, column.values), return_counts=True)
    names = {-1: None, **dict(enumerate(column.categories))}
    return {names[int(code)]: int(count) for code, count in zip(codes, counts, strict=True)}


def _ranges(edges: Sequence[float]) -> list[str]:
    ends = [f"{edge:.4g}" for edge in edges]
    if not ends:
        return ["any"]
    return [f"below {ends[0]}", *(f"from {low} to {high}" for low, high in pairwise(ends)), f"from {ends[-1]}"]
