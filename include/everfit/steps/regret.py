"""Whether each retrain was worth it: what was expected, what came of it, and what the best plan would have cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

from everfit.errors import NotEnoughData
from everfit.ledger import View
from everfit.ledger.entries import CandidateJudged, Promoted, RolledBack
from everfit.ledger.people import version_of
from everfit.statistics.renewal import FADES, Renewal, gains
from everfit.statistics.retraining import Plan, hindsight, played
from everfit.steps.staleness import Arrived, newest, shown, staleness
from everfit.triggers.staleness import amount, in_unit
from everfit.triggers.worth_it import AT_WORST, ROWS, STEEPEST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.ledger import Entry
    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.triggers.worth_it import WorthIt

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Gain:
    """What a new model saves with each batch, and the ends of its interval, each sure to 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Retrain:
    """One training run, as it looks afterwards; all in the unit of `worth_it`.

    `batches` is how many the new model knew that the champion did not, `version` what it became (None: it was not
    promoted). `expected` is what had been expected of it when it began, `realised` what the gates then measured.
    `sooner` and `later` say by how much all would have cost more (below 0: less) had it begun one batch sooner or
    later. `regret` is by how much everything up to the next run cost more than the best plan would have.
    """

    run: str
    began: datetime
    batches: int
    version: int | None
    expected: Gain | None
    realised: Gain | None
    cost: float
    sooner: float | None
    later: float | None
    regret: float | None


@dataclass(frozen=True)
class Account:
    """All retrains of a model since its first champion, over `batches`, beside the best that could have been done.

    `cost` is what staleness and runs cost, `best` the cheapest plan in hindsight and `interval` the cheapest number of
    batches between two runs, if it always had been the same (`batches`: never to retrain), which costs `at_interval`.
    None where no run could be held against a champion, so that nobody knows how fast models get stale.
    """

    retrains: tuple[Retrain, ...]
    unit: str
    batches: int
    cost: float | None
    best: Plan | None
    interval: int | None
    at_interval: float | None

    @property
    def regret(self) -> float | None:
        """What was paid more than by the best plan."""
        return self.cost - self.best.cost if self.cost is not None and self.best else None


def account(view: View, terms: WorthIt) -> Account:
    """Hold every retrain in a ledger against hindsight; nothing but the ledger is asked, so it can be told at any time.

    How fast models got stale between two runs follows from what the runs near it gained, before and after, so that
    later runs correct what is said of earlier ones. The best plan knows all of that from the beginning. A rejected
    candidate costs a run and renews nothing. Errors: `NotEnoughData` without a champion, or if nobody knows what a run
    costs.
    """
    promoted, seen = view.of(Promoted), staleness(view)
    if not promoted or seen is None:
        raise NotEnoughData("there is no champion yet that could get stale; once there is one, each run is told here")
    cost = terms.cost(seen)
    if cost is None:
        raise NotEnoughData(
            f"no judged run says what it cost in {terms.unit}: say it (worth_it.run_costs, --run-costs), or take a "
            "unit that runs are measured in (seconds, or the currency of the price list)"
        )
    known = Arrived.of(view)
    batches = known.after(view.trained_on(promoted[0].body.version))
    runs = _runs(view, known)
    upto = [sum(batch.partition <= newest(run) for batch in batches) for run, _ in runs]
    rows = [batch.rows for batch in batches]
    points = [shown(view, known, judged.body) for _, judged in runs]
    price = terms.loss_costs / ROWS
    stale = _stale(rows, upto, points, price, cost)
    kept = [_kept(view, run.run) for run, _ in runs]
    followed = None if stale is None else _Followed(stale, tuple(upto), tuple(kept), cost)
    retrains = tuple(
        Retrain(
            run=run.run,
            began=_began(view, run).at,
            batches=len(known.new_to(view, judged.body)),
            version=version_of(view, run.run) if kept[place] else None,
            expected=_expected(view, run, terms),
            realised=_realised(view, known, judged.body, terms),
            cost=_own_cost(judged.body, terms, cost),
            sooner=followed.moved(place, -1) if followed else None,
            later=followed.moved(place, 1) if followed else None,
            regret=followed.regret(place) if followed else None,
        )
        for place, (run, judged) in enumerate(runs)
    )
    if stale is None or followed is None:
        return Account(retrains, terms.unit, len(batches), None, None, None, None)
    interval, at_interval = _fixed(stale, cost)
    everything = followed.cost(len(batches), len(runs))
    return Account(retrains, terms.unit, len(batches), everything, hindsight(stale, cost), interval, at_interval)


def in_short(ports: Ports, spec: ModelSpec, run: str) -> str:
    """One sentence about a run that was judged; "" if nothing is known of it, or the spec does not weigh costs."""
    terms, view = spec.retrain.worth_it, ports.ledger(spec.name).view()
    known, judged, seen = Arrived.of(view), view.judgement_of(run), staleness(view)
    if terms is None or judged is None or seen is None or run not in known.runs:
        return ""
    realised = _realised(view, known, judged.body, terms)
    if realised is None:
        return ""
    expected, cost = _expected(view, known.runs[run], terms), terms.cost(seen)
    value, low, high = (amount(part, terms.unit) for part in (realised.value, realised.low, realised.high))
    awaited = f", {amount(expected.value, terms.unit)} was expected" if expected else ""
    paid = f"; a run costs {amount(cost, terms.unit)}" if cost is not None else ""
    return f"the new model saves {value} with each batch ({low} to {high}){awaited}{paid}"


@dataclass(frozen=True)
class _Followed:
    """What was done: before which batch each run began, whether its candidate was kept, and what all that cost."""

    stale: Array
    upto: tuple[int, ...]
    kept: tuple[bool, ...]
    each: float

    def cost(self, steps: int, runs: int) -> float:
        """Of the first so many batches and runs."""
        starts = {at for at, kept in zip(self.upto[:runs], self.kept[:runs], strict=True) if kept and 0 < at < steps}
        return played(self.stale[:steps, :steps], sorted(starts), 0.0).cost + self.each * runs

    def regret(self, place: int) -> float:
        """Up to the run after this one."""
        steps = self.upto[place + 1] if place + 1 < len(self.upto) else len(self.stale)
        return self.cost(steps, place + 1) - hindsight(self.stale[:steps, :steps], self.each).cost

    def moved(self, place: int, by: int) -> float | None:
        """What it would have changed had a run begun so many batches later; None where it could not, or for nothing."""
        before = self.upto[place - 1] if place else 0
        after = self.upto[place + 1] if place + 1 < len(self.upto) else len(self.stale)
        if not self.kept[place] or not before < self.upto[place] + by < after:
            return None
        upto = (*self.upto[:place], self.upto[place] + by, *self.upto[place + 1 :])
        steps, runs = len(self.stale), len(self.upto)
        return _Followed(self.stale, upto, self.kept, self.each).cost(steps, runs) - self.cost(steps, runs)


def _runs(view: View, known: Arrived) -> list[tuple[RunTriggered, Entry[CandidateJudged]]]:
    """The runs that were held against a champion, each with its first judgement, in the order of their data."""
    first = {entry.body.run: entry for entry in reversed(view.of(CandidateJudged)) if entry.body.run in known.runs}
    found = [(known.runs[run], entry) for run, entry in first.items() if entry.body.champion is not None]
    return sorted(found, key=lambda pair: (newest(pair[0]), pair[1].seq))


def _stale(
    rows: Sequence[int], upto: Sequence[int], points: Sequence[Renewal | None], price: float, cost: float
) -> Array | None:
    """What a model made before each batch costs with each later one beyond a new model; None if nobody knows.

    Each stretch between two runs has its own pace: that of the run which ended it, with those around it, fading.
    """
    import numpy as np

    said = [(at, one) for at, one in zip(upto, points, strict=True) if one is not None]
    if not said or not any(rows):
        return None
    widest = cost / (STEEPEST * price * mean(rows))
    steps = len(rows)
    stale = np.zeros((steps, steps))
    ends = [0, *(at for at, _ in said[:-1]), steps]
    for place, (start, end) in enumerate(pairwise(ends)):
        near = said[place][1]
        fades = [FADES ** abs(place - other) for other in range(len(said))]
        found = gains([one for _, one in said], widest, fades)
        if found is None or start >= end:
            continue
        grown = (near.now - near.before) / near.age
        curve = np.array([found.at(age, near.before, max(near.before + grown * age, 1.0))[0] for age in range(end)])
        for step in range(start, end):
            stale[: step + 1, step] = price * rows[step] * curve[step::-1]
    return stale


def _fixed(stale: Array, cost: float) -> tuple[int, float]:
    """The best number of batches between two runs, and what it costs in all; as many as there are: never."""
    steps = len(stale)
    plans = [(played(stale, range(every, steps, every), cost).cost, every) for every in range(steps, 0, -1)]
    least, every = min(plans, key=lambda plan: plan[0])
    return every, least


def _expected(view: View, run: RunTriggered, terms: WorthIt) -> Gain | None:
    """What was expected of a run when it began, by what the ledger knew then."""
    seen = staleness(View(view.entries[: _began(view, run).seq - 1]))
    found = terms.weighed(seen) if seen else None
    if seen is None or found is None:
        return None
    value, error = (terms.loss_costs / ROWS * seen.per_batch * part for part in found.gain)
    return _gain(value, error)


def _realised(view: View, known: Arrived, judged: CandidateJudged, terms: WorthIt) -> Gain | None:
    """What the gates measured, on as many rows as a batch had on average since the champion."""
    said = shown(view, known, judged)
    if said is None:
        return None
    per_loss = terms.loss_costs / ROWS * mean(batch.rows for batch in known.new_to(view, judged))
    return _gain(per_loss * said.better, per_loss * said.error)


def _gain(value: float, error: float) -> Gain:
    return Gain(value, value - AT_WORST * error, value + AT_WORST * error)


def _own_cost(judged: CandidateJudged, terms: WorthIt, usual: float) -> float:
    """What this very run cost, as far as it is known."""
    own = in_unit(judged.took, terms.unit) if judged.took and terms.run_costs is None else None
    return usual if own is None else own


def _kept(view: View, run: str) -> bool:
    """Whether a run's candidate became the champion and nobody took that back."""
    version = version_of(view, run)
    undone = {entry.body.undone for entry in view.of(RolledBack)}
    return version not in undone and any(entry.body.version == version for entry in view.of(Promoted))


def _began(view: View, run: RunTriggered) -> Entry[RunTriggered]:
    return next(entry for entry in view.triggers if entry.body.run == run.run)
