"""What the demo plays: the main job, in three acts, through the real DAGs and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from everfit.ledger import View
from everfit.ledger.entries import BatchQuarantined, CandidateJudged, Deployed
from everfit.spec import load_spec
from everfit.steps.snapshot import unused_batches
from tools.demo.errors import DemoError
from tools.demo.traffic import Flight, Traffic, callers, flights_of
from tools.demo.watch import MODEL, Watch
from tools.land_flights import land
from tools.local.stack import Stack

FIRST = ("2013-01", "2013-02", "2013-03", "2013-04", "2013-05")
BROKEN, NEXT = "2013-06", ("2013-06", "2013-07")
TO_PREDICT = "2013-08"
CANDIDATES = 2
"""At least: one per delivery of good months."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: the ledger at the end, one request with its answer, and the version that MLflow says serves."""

    view: View
    request: Mapping[str, Any]
    answer: Mapping[str, Any]
    happened: str
    traffic: Traffic


def play(stack: Stack, watch: Watch, share: float) -> Outcome:
    """Land, wait, look; `DemoError` if something does not come true in time."""
    watch.pause_others()
    watch.title("Act 1: five months of flights arrive, and a first champion serves")
    land(stack.paths.landing, FIRST, share)
    watch.say(f"landed {FIRST[0]} to {FIRST[-1]}: every flight out of New York in these months")
    watch.until(lambda view: bool(view.of(Deployed)), "a champion that serves")

    watch.title("Act 2: a month arrives broken, and is refused")
    _land_broken(stack.paths.landing, share)
    watch.say(f"landed {BROKEN}, with the carrier column lost and distances of minus one")
    watch.until(lambda view: bool(view.of(BatchQuarantined)), "the broken batch in quarantine")

    watch.title("Act 3: the corrected month and the next one arrive; the champion is challenged, and people ask both")
    land(stack.paths.landing, NEXT, share)
    watch.say(f"landed {' and '.join(NEXT)}")
    flights = flights_of(stack, MODEL, TO_PREDICT, share)
    with callers(f"http://127.0.0.1:{stack.ports.server}", MODEL, flights) as traffic:
        view = watch.until(_challenged, "the challenger judged, and whatever followed from it")

    watch.title("One real flight")
    request, happened = _a_flight(flights)
    answer = _ask(stack, request)
    return Outcome(view, request, answer, happened, traffic)


def _challenged(view: View) -> bool:
    settled = {batch.partition for _, batch in view.batches} >= {*FIRST, *NEXT}
    judged = view.of(CandidateJudged)
    if not settled or len(judged) < CANDIDATES or unused_batches(view, load_spec(MODEL).window):
        return False
    followed = len(view.of(Deployed)) >= sum(entry.body.promote for entry in judged)
    return followed and len(judged) == len(view.triggers)


def _land_broken(landing: Path, share: float) -> None:
    """The month as a source system with a bad day would land it: a column lost, another one filled with nonsense."""
    import pyarrow as pa
    from pyarrow import parquet

    aside = landing.parent / "aside"
    (folder,) = land(aside, [BROKEN], share)
    flights = parquet.read_table(folder / "flights.parquet").drop_columns(["carrier"])
    wrong = pa.array([-1] * flights.num_rows, pa.int64())
    flights = flights.set_column(flights.column_names.index("distance"), "distance", wrong)
    parquet.write_table(flights, folder / "flights.parquet")
    folder.rename(landing / "flights" / BROKEN)


def _a_flight(flights: list[Flight]) -> tuple[Mapping[str, Any], str]:
    """A flight as a caller would send it, and what happened to it."""
    late = [row for row, label in flights if label]
    return {"model": MODEL, "rows": [late[len(late) // 2]]}, "it arrived more than 15 minutes late"


def _ask(stack: Stack, request: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        answer = httpx.post(f"http://127.0.0.1:{stack.ports.server}/predict", json=request, timeout=20, trust_env=False)
    except httpx.HTTPError as error:
        raise DemoError(f"the model server does not answer: {error!r}") from error
    if answer.is_error:
        raise DemoError(f"the model server answered {answer.status_code}: {answer.text}")
    read: Mapping[str, Any] = answer.json()
    return read
