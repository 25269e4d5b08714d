"""Everything that monitors look at, gathered: what the champion was judged on, and what it has met since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from everfit.gates import Evidence
from everfit.ledger.entries import CandidateJudged, Monitored, Promoted, RolledBack
from everfit.monitors import Rows, Seen
from everfit.refuse import duration
from everfit.spec.usual import LOSSES
from everfit.steps.check_served import answered_again
from everfit.steps.leaning import leans
from everfit.steps.monitored_batches import batches_rows, later_batches
from everfit.steps.monitored_keys import telling_batches, told_by_key
from everfit.steps.monitored_requests import Period, calls, requests, sources
from everfit.steps.monitored_rows import BY_GROUP, judged_rows, losses_of, score_numbers
from everfit.steps.monitored_season import season_rows
from everfit.steps.pulling import pulled

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec, MonitorSpec
    from everfit.statistics.calls import Calls
    from everfit.values import Took

    Array = NDArray[np.float64]

YEAR = timedelta(days=365)
LEAST, MOST = 1e-6, 0.2
"""Bounds of a level: a look at a time that was looked at before is not wholly blind, and no look throws dice."""
AGAIN, ASKED_BEFORE = 1_000, 5_000
"""So many of the newest rows the version is asked again, and the champion before it where there is harm."""


@dataclass(frozen=True, eq=False)
class Met:
    """The rows of the window, and the same raw; where it is requests that are watched, these and those of as long a
    time before, and what the version answers offline to the newest rows."""

    rows: Rows
    raw: pd.DataFrame
    calls: Calls | None = None
    calls_before: Calls | None = None
    again: Array | None = None


@dataclass(frozen=True, eq=False)
class Gathered:
    """What monitors look at, and the rows of the window raw."""

    seen: Seen
    raw: pd.DataFrame


def looked_at(ports: Ports, spec: ModelSpec, view: View, version: int, at: datetime) -> tuple[str, ...]:
    """What the window up to `at` is read from: where nothing of it changed, another look finds the same."""
    if spec.monitor.of == "batches":
        return tuple(batch.sha256 for batch in later_batches(view, version))
    period = _period(spec, at)
    batches = telling_batches(spec, view, period.since)
    return (*sources(ports.store, spec.name, version, period), *(batch.sha256 for _, batch in batches))


def gather(
    ports: Ports, spec: ModelSpec, view: View, version: int, predictor: Predictor, at: datetime
) -> Gathered | None:
    """What monitors look at; None where nobody has asked the version yet.

    `at` is the moment of the look. Where batches are watched, it is the newest row that says what is now.
    """
    met = _met(ports, spec, view, version, predictor, at)
    if met is None:
        return None
    reference = _reference(ports, spec, view, version, predictor)
    now = at if spec.monitor.of == "requests" else datetime.fromtimestamp(met.rows.at.max(), UTC)
    seen = Seen(
        now=now,
        task=spec.task,
        loss="" if spec.task in BY_GROUP else LOSSES[spec.task],
        reference=reference,
        window=met.rows,
        level=level(spec.monitor, view, now, datetime.fromtimestamp(met.rows.at.min(), UTC)),
        born=datetime.fromtimestamp(reference.at.min(), UTC),
        serving=_serving(view, version),
        names=predictor.card.scores,
        levels=tuple(spec.quantiles),
        season=_season(ports, spec, view, predictor, met.rows),
        leans=leans(ports, spec, view, predictor, version),
        took=_took(view, _period(spec, now)),
        calls=met.calls,
        calls_before=met.calls_before,
        pulled=pulled(ports, spec, view, version, predictor, met.rows, met.raw),
        again=met.again,
    )
    return Gathered(seen, met.raw)


def asked_before(ports: Ports, spec: ModelSpec, view: View, gathered: Gathered) -> Seen:
    """The same, with the losses that the champion before would have had on the newest labelled rows."""
    import numpy as np

    from everfit.predictor import Predictor

    seen = gathered.seen
    if view.previous is None or not seen.loss:
        return seen
    made = view.versions[view.previous]
    former = Predictor.load(ports.registry.model_files(made.mlflow_run, made.files))
    places = np.flatnonzero(seen.window.labelled)[-ASKED_BEFORE:]
    losses = np.full(seen.window.rows, np.nan)
    if former.card.scores == seen.names and set(former.inputs) <= set(gathered.raw.columns):
        scores = former.predict(gathered.raw.iloc[places])
        losses[places] = losses_of(spec, seen.window.y[places], scores)
    return replace(seen, former=losses)


def level(asked: MonitorSpec, view: View, now: datetime, first: datetime) -> float:
    """The chance of a false alarm that this look, at rows from `first` on, may spend in each monitor.

    A year has so many false alarms to give away. A look gets the part of the year that has gone by since the look
    before (the first look: since its first row), at most its window, and its monitors share it; expectations add up,
    whatever looks have to do with each other, so that it holds for windows that overlap and for looks at any pace.
    """
    since = max((entry.body.until for entry in view.of(Monitored)), default=first)
    passed = min(max(now - since, timedelta()), duration("window", asked.window))
    share = asked.false_alarms * (passed / YEAR) / max(len(asked.monitors), 1)
    return min(max(share, LEAST), MOST)


def _met(ports: Ports, spec: ModelSpec, view: View, version: int, predictor: Predictor, at: datetime) -> Met | None:
    import pandas as pd

    if spec.monitor.of == "batches":
        days = duration("window", spec.monitor.window) / timedelta(days=1)
        found = batches_rows(ports, spec, predictor, version, later_batches(view, version), days)
        return None if found is None else Met(*found)
    period = _period(spec, at)
    by_key = partial(told_by_key, ports, spec, predictor.code, telling_batches(spec, view, period.since))
    asked = requests(ports.store, spec, predictor, version, period, by_key)
    if asked is None:
        return None
    raw = pd.DataFrame(list(asked.sent), columns=list(predictor.inputs))
    before = calls(ports.store, spec.name, version, period.before)
    return Met(asked.rows, raw, asked.calls, before, _again(predictor, asked.sent))


def _season(ports: Ports, spec: ModelSpec, view: View, predictor: Predictor, window: Rows) -> Rows | None:
    if spec.monitor.season is None:
        return None
    return season_rows(ports, spec, view, predictor, window, duration("season", spec.monitor.season))


def _again(predictor: Predictor, sent: Sequence[Mapping[str, Any]]) -> Array:
    """What the version answers offline to the newest rows."""
    import numpy as np

    newest = answered_again(predictor, sent[-AGAIN:])
    names = predictor.card.scores
    found = np.full((len(sent), len(names)) if names else len(sent), np.nan)
    found[len(sent) - len(newest) :] = score_numbers(newest, names)
    return found


def _period(spec: ModelSpec, at: datetime) -> Period:
    return Period(at - duration("window", spec.monitor.window), at)


def _reference(ports: Ports, spec: ModelSpec, view: View, version: int, predictor: Predictor) -> Rows:
    """The rows that the version was judged on."""
    import pandas as pd

    file = ports.store.local_file(view.judgement(version).body.evidence)
    return judged_rows(spec, Evidence.from_frame(pd.read_parquet(file)), predictor.card)


def _took(view: View, period: Period) -> Sequence[Took]:
    """What the training runs took that came to their verdict in this time."""
    return [one.body.took for one in view.of(CandidateJudged) if one.body.took and period.holds(one.at)]


def _serving(view: View, version: int) -> datetime:
    began = [entry.at for entry in view.of(Promoted) if entry.body.version == version]
    return max([*began, *(entry.at for entry in view.of(RolledBack) if entry.body.version == version)])
