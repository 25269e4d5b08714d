"""The third play: a year of flights, month after month, and nobody touches anything.

Each month arrives without the labels of its last days, and whole once the next one arrives: labels come late. Two come
broken at first. The monitor looks at what has arrived, and only what it finds, or many months, starts a training run.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from everfit.ledger import View
from everfit.ledger.entries import (
    BatchAccepted,
    BatchQuarantined,
    CandidateJudged,
    Deployed,
    DeploymentFailed,
    Monitored,
    Promoted,
)
from tools.demo.traffic import Traffic, callers, flights_of
from tools.demo.watch import MODEL, Watch
from tools.land_flights import MONTHS, land
from tools.local.stack import Stack

FIRST, LATER = MONTHS[:3], MONTHS[3:]
BROKEN = ("2013-06", "2013-10")
DAYS_WITHOUT = 2
"""Of the newest days of a month nobody knows yet how late its flights were."""
AT_ONCE = 10


@dataclass(frozen=True)
class Outcome:
    """What came of it: the ledger at the end, and what people asked and were told."""

    view: View
    traffic: Sequence[Traffic]


def play(stack: Stack, watch: Watch, share: float) -> Outcome:
    """Land, wait, look, month after month; `DemoError` if something does not come true in time."""
    watch.pause_others()
    watch.title("Winter: three months of flights arrive, and a first champion serves")
    for month in FIRST:
        _land(stack, month, share)
    watch.until(lambda view: bool(view.of(Deployed)), "a champion that serves")
    watch.let_fail(f"{MODEL}_deploy")
    traffic = [_month(stack, watch, month, share) for month in LATER]
    return Outcome(watch.ledger.view(), traffic)


def _month(stack: Stack, watch: Watch, month: str, share: float) -> Traffic:
    """One month: what is new arrives, and whatever follows from it ends, while people ask about flights."""
    before = MONTHS[MONTHS.index(month) - 1]
    watch.title(f"{month}: the month arrives, and the labels that {before} still lacked")
    land(stack.paths.landing, [before], share)
    if month in BROKEN:
        _land(stack, month, share, broken=True)
        watch.say(f"landed {month} without its carriers")
        watch.until(lambda view: _refused(view, month), f"{month} in quarantine")
    _land(stack, month, share)
    flights = flights_of(stack, MODEL, month, share)
    with callers(f"http://127.0.0.1:{stack.ports.server}", MODEL, flights, AT_ONCE) as traffic:
        watch.until(lambda view: _settled(view, before, month), f"all that follows from {month}")
    return traffic


def _settled(view: View, before: str, month: str) -> bool:
    """Both have arrived, somebody has looked at the month, or learnt from it, and what was begun has ended."""
    batches = {batch.partition for _, batch in view.batches}
    arrived = month in batches and len(view.accepted(before)) > 1
    ended = len(view.of(Promoted)) + len(view.of(DeploymentFailed))
    passed = sum(entry.body.promote for entry in view.of(CandidateJudged))
    done = len(view.judged_runs) == len(view.triggers) and ended == passed
    return arrived and done and _looked_at(view, month) and not view.decayed


def _looked_at(view: View, month: str) -> bool:
    """Whether somebody looked since the month arrived, or the champion has it in its own data."""
    champion = view.champion
    known = champion is not None and month in {batch.partition for batch in view.trained_on(champion).batches}
    looks = [entry.seq for entry in view.of(Monitored)]
    return known or max(looks, default=0) > max(entry.seq for entry in view.accepted(month))


def _refused(view: View, month: str) -> bool:
    return any(entry.body.partition == month for entry in view.of(BatchQuarantined))


def _land(stack: Stack, month: str, share: float, *, broken: bool = False) -> None:
    """The month as its source has it when it ends: the newest flights have no delay yet."""
    import pyarrow as pa
    from pyarrow import compute, parquet

    (folder,) = land(stack.paths.state / "source", [month], share)
    flights = parquet.read_table(folder / "flights.parquet")
    young = compute.greater(flights["day"], int(compute.max(flights["day"]).as_py()) - DAYS_WITHOUT)
    delays = compute.if_else(young, pa.scalar(None, flights["arr_delay"].type), flights["arr_delay"])
    flights = flights.set_column(flights.column_names.index("arr_delay"), "arr_delay", delays)
    if broken:
        flights = flights.drop_columns(["carrier"])
    parquet.write_table(flights, folder / "flights.parquet")
    _deliver(folder, stack.paths.landing / "flights" / month)


def accepted(view: View, month: str) -> int:
    """How often a version of the month was accepted."""
    return sum(entry.body.batch.partition == month for entry in view.of(BatchAccepted))


def _deliver(folder: Path, landing: Path) -> None:
    """Whole folders only: hidden first, and shown at once."""
    hidden = landing.with_name(f".{landing.name}")
    shutil.rmtree(hidden, ignore_errors=True)
    shutil.move(folder, hidden)
    shutil.rmtree(landing, ignore_errors=True)
    hidden.rename(landing)
