"""The second play: a worse model that no gate can know of gets as far as its canary, and no farther.

A new source system delivers the months again, and two more, and joins departures with arrivals from the wrong end: the
first flight of a day gets the delay of the last. Every value is one that a flight had on that day, so every file is as
it should be. A model learns from it, and is better than the champion by all that the newest month says. That month is
wrong, too. What is left to find it out are the people who ask, and tell what came of it.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.ledger import Entry, View
from everfit.ledger.entries import CandidateJudged, Deployed, DeploymentFailed, Promoted, StageEntered
from everfit.stores import open_store
from tools.demo.errors import DemoError
from tools.demo.traffic import Traffic, callers, flights_of
from tools.demo.watch import MODEL, Watch
from tools.land_flights import MARKER, land
from tools.local.stack import Stack

if TYPE_CHECKING:
    from pyarrow import Table

FIRST = ("2013-01", "2013-02", "2013-03")
AGAIN = (*FIRST, "2013-04", "2013-05")
TO_PREDICT = "2013-06"
AT_ONCE = 10
AFTERWARDS = 10.0
"""Seconds for which people ask on."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: the ledger at the end, what people asked and were told, how it ended, and what was judged."""

    view: View
    traffic: Traffic
    stopped: Entry[DeploymentFailed]
    evidence: Mapping[str, Any]


def play(stack: Stack, watch: Watch, share: float) -> Outcome:
    """Land, wait, look; `DemoError` if something does not come true in time."""
    watch.pause_others()
    watch.title("Act 1: three months of flights arrive, and a first champion serves")
    land(stack.paths.landing, FIRST, share)
    watch.say(f"landed {FIRST[0]} to {FIRST[-1]}: every flight out of New York in these months")
    watch.until(lambda view: bool(view.of(Deployed)), "a champion that serves")

    watch.title("Act 2: a new source system delivers them again, and two more; all labels are wrong, none is odd")
    _land_wrong(stack, share)
    watch.say(f"landed {AGAIN[0]} to {AGAIN[-1]}: the first flight of each day has the delay of the last, and so on")
    flights = flights_of(stack, MODEL, TO_PREDICT, share)
    random.Random(2013).shuffle(flights)  # noqa: S311 - no two that are asked about together belong together
    watch.let_fail(f"{MODEL}_deploy")
    with callers(f"http://127.0.0.1:{stack.ports.server}", MODEL, flights, AT_ONCE) as traffic:
        watch.until(_on_its_way, "the worse version in its canary")
        watch.title(f"Act 3: people ask about flights of {TO_PREDICT}, and tell what came of them")
        view = watch.until(_over, "an end of the canary")
        time.sleep(AFTERWARDS)
    if not view.of(DeploymentFailed):
        raise DemoError(f"version {view.champion} was promoted, though it is worse")
    (stopped,) = view.of(DeploymentFailed)
    return Outcome(view, traffic, stopped, _evidence(stack, stopped))


def _on_its_way(view: View) -> bool:
    judged = view.of(CandidateJudged)
    if len(judged) > 1 and not judged[-1].body.promote:
        raise DemoError(f"the gates saw that the model is worse: {judged[-1].body.reason}")
    return bool(view.of(StageEntered))


def _over(view: View) -> bool:
    return bool(view.of(DeploymentFailed)) or len(view.of(Promoted)) > 1


def _evidence(stack: Stack, stopped: Entry[DeploymentFailed]) -> Mapping[str, Any]:
    """What the judge saw and said when it stopped the version, from the store."""
    import json

    if stopped.body.evidence is None:
        raise DemoError(f"version {stopped.body.version} was not stopped by its judge: {stopped.body.reason}")
    kept: Mapping[str, Any] = json.loads(open_store(str(stack.paths.store)).read(stopped.body.evidence.key))
    return kept


def _land_wrong(stack: Stack, share: float) -> None:
    """All months at once, each in place of the one that may be there."""
    from pyarrow import parquet

    for folder in land(stack.paths.state / "moved", AGAIN, share):
        parquet.write_table(from_the_wrong_end(parquet.read_table(folder / "flights.parquet")), folder / "moved")
        (folder / "moved").replace(folder / "flights.parquet")
        _deliver(folder, stack.paths.landing / "flights" / folder.name)


def from_the_wrong_end(flights: Table) -> Table:
    """Each day's arrival delays in the opposite order; a flight that never arrived still has none."""
    import pyarrow as pa

    frame = flights.to_pandas()
    by_time = frame[frame["arr_delay"].notna()].sort_values(["day", "sched_dep_time", "carrier", "flight"])
    delays = by_time.groupby("day")["arr_delay"].transform(lambda day: day.to_numpy()[::-1])
    frame.loc[delays.index, "arr_delay"] = delays
    wrong = pa.array(frame["arr_delay"], flights.schema.field("arr_delay").type, from_pandas=True)
    return flights.set_column(flights.column_names.index("arr_delay"), flights.schema.field("arr_delay"), wrong)


def _deliver(folder: Path, landing: Path) -> None:
    """Files first, the marker last: whoever waits for the marker sees a whole month."""
    landing.mkdir(exist_ok=True)
    (landing / MARKER).unlink(missing_ok=True)
    for file in folder.iterdir():
        if file.name != MARKER:
            shutil.move(file, landing / file.name)
    (landing / MARKER).touch()
