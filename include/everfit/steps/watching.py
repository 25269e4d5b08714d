"""What was seen of champion and challenger in a rollout, from the log of predictions, for the judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from everfit.predictions import Prediction, labels_since, segments, unpack
from everfit.rollouts.seen import Arm, Rows, Watched
from everfit.spec.usual import LOSSES
from everfit.statistics.calls import Calls
from everfit.steps.monitored_rows import BY_GROUP, label_numbers, score_numbers
from everfit.values import Route, Stage

if TYPE_CHECKING:
    from everfit.ports import Store
    from everfit.predictions.labels import Value
    from everfit.spec import ModelSpec

SLACK = timedelta(seconds=5)
"""So much the clocks of a server and of a worker may be apart."""


@dataclass(frozen=True)
class Watch:
    """Stages, one after the other, whose evidence is one history: all in the shadow, or all not; see `judge_stage`.

    `deals` are what the log calls their deals (`Route.deal`). `first` is the number of its first stage, `of` is how
    many histories the rollout has: they share its false alarms.
    """

    paired: bool
    first: int
    deals: Mapping[int, str]
    of: int


def watch_of(plan: Sequence[Stage], number: int, salt: str) -> Watch:
    """The history that stage `number` of the plan belongs to, up to that stage.

    >>> plan = (Stage("shadow", 0.0, True), Stage("5 %", 0.05), Stage("50 %", 0.5))
    >>> watch_of(plan, 2, "m:7")
    Watch(paired=False, first=1, deals={1: 'm:7/0.05', 2: 'm:7/0.5'}, of=2)
    """
    parts = [[at for at, _ in some] for _, some in groupby(enumerate(plan), key=lambda numbered: numbered[1].shadow)]
    mine = next(part for part in parts if number in part)
    deals = {at: Route("", share=plan[at].share, salt=salt).deal for at in mine if at <= number}
    return Watch(plan[number].shadow, mine[0], deals, len(parts))


@dataclass(frozen=True)
class Sight:
    """What was seen, how many `answers` the challenger gave in the newest stage and how many rows of its have `labels`,
    and the objects that it was read from."""

    watched: Watched
    answers: int
    labels: int
    segments: tuple[str, ...]


def look(store: Store, spec: ModelSpec, champion: int, challenger: int, watch: Watch, since: datetime) -> Sight:
    """Everything that the log says of the two versions in the stages of `watch`, which began at `since`.

    Only what a deal of the rollout decided counts: not what somebody asked a version for by its alias.
    """
    since -= SLACK
    keys = [one.key for who in (champion, challenger) for one in segments(store, spec.name, who) if one.last >= since]
    seen = {one.id: replace(one, rows=()) for key in keys for one in unpack(store.read(key))}
    labels, deals = labels_since(store, spec.name, since), frozenset(watch.deals.values())
    newest = watch.deals[max(watch.deals)]
    names = next((tuple(one.scores[0]) for one in seen.values() if one.scores and isinstance(one.scores[0], dict)), ())
    if watch.paired:
        pairs = list(_pairs(seen, deals))
        answers = sum(newest in (asked.deal, other.deal) for asked, other in pairs)
        both = [[(asked, _of(who, asked, other)) for asked, other in pairs] for who in (champion, challenger)]
    else:
        dealt = [one for one in seen.values() if one.deal in deals]
        answers = sum(one.version == challenger and one.deal == newest for one in dealt)
        both = [[(one, one) for one in dealt if one.version == who] for who in (champion, challenger)]
    old, new = (_arm(spec.task, some, labels, names, paired=watch.paired) for some in both)
    loss = "" if spec.task in BY_GROUP else LOSSES[spec.task]
    watched = Watched(spec.task, loss, old, new, watch.paired, tuple(spec.quantiles))
    return Sight(watched, answers, _labelled(new), tuple(keys))


def _pairs(seen: Mapping[str, Prediction], deals: frozenset[str]) -> Iterator[tuple[Prediction, Prediction]]:
    """What a caller was answered, and what the other version made of it: in the shadow, or by failing before."""
    for other in seen.values():
        asked = seen.get(other.shadow_of) if other.shadow_of else None
        if asked and asked.version != other.version and (asked.deal in deals or other.deal in deals):
            yield asked, other


def _of(version: int, *pair: Prediction) -> Prediction:
    return next(one for one in pair if one.version == version)


def _arm(
    task: str,
    calls: Sequence[tuple[Prediction, Prediction]],
    labels: Mapping[tuple[str, int], Value],
    names: tuple[str, ...],
    *,
    paired: bool,
) -> Arm:
    """One version's part: of each call what the caller was answered (whose id the labels name), and its own answer."""
    import numpy as np

    at = [asked.at.timestamp() for asked, _ in calls]
    seconds = [mine.seconds if mine.seconds and not mine.error else np.nan for _, mine in calls]
    failed = np.array([bool(mine.error) for _, mine in calls], dtype=bool)
    rows = [
        (at[call], mine.own(row), labels.get((asked.id, row)))
        for call, (asked, mine) in enumerate(calls)
        for row in range(len(asked.scores) if paired else len(mine.scores))
    ]
    scores = score_numbers((score for _, score, _ in rows), names)
    y = label_numbers(task, [value for _, _, value in rows], names)
    times = np.array([moment for moment, _, _ in rows], dtype="float64")
    return Arm(Calls(np.array(at), failed, np.array(seconds, dtype="float64")), Rows(times, scores, y))


def _labelled(arm: Arm) -> int:
    import numpy as np

    return int((~np.isnan(arm.rows.y)).sum())
