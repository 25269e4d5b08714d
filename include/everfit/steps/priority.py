"""Which of the runs that wait for a pool goes first: by expected gain, and fair between models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from everfit.ledger.entries import CandidateJudged, RetrainAsked, RunTriggered
from everfit.statistics.gain import Retrain, chance_of_help, expected_gain
from everfit.values import Batch, Snapshot

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.spec import ModelSpec
    from everfit.values import Verdict

POINT = timedelta(hours=12)
"""What one point of `lead` is worth: as much as having come so much earlier."""

DAY = timedelta(days=1)
LATELY = 10
"""So many of the newest judged retrains say how much retraining helps."""

MOST_TURNS = 2
"""Turns of the last day that a model pays for; with more, a flood would wait longer than fair."""

AGAINST_CHAMPION = frozenset({"beats_champion", "not_worse_than_champion"})
"""The gates whose effect is the candidate's mean loss less the champion's."""


@dataclass(frozen=True)
class Priority:
    """Why a run goes before others, all of it from the model's ledger.

    `asked`: a recall or a person wants a new model. `person`: a person started the run. `fresh`: share of the rows to
    learn from that the champion has not learned from (1: no champion). `age`: the champion's, in periods of the
    schedule (0 without one). `helps`: the chance that retraining this model helps. `gain`: what follows from these
    three. `turns`: other runs of the model that began within the last day.
    """

    asked: bool
    person: bool
    fresh: float
    age: float
    helps: float
    gain: float
    turns: int

    @property
    def lead(self) -> float:
        """Points, from -2 to 4: each one goes before whatever came up to 12 hours earlier and has none.

        A retrain that was asked for beats all else that came at that time, however often the model was trained. Else a
        person's run has one point, the gain up to one, and each turn of the last day costs one.
        """
        wish = self.person + self.gain
        return 2 + wish if self.asked else wish - min(self.turns, MOST_TURNS)

    @property
    def words(self) -> str:
        """The same for people.

        >>> Priority(False, True, 0.25, 1.5, 0.7, 0.52, 1).words
        'gain 0.52 (25 % new rows, champion 1.5 periods old, 70 % likely to help); a person started it; 1 turn in a day'
        """
        age = f", champion {self.age:.1f} periods old" if self.age else ""
        parts = [
            "asked for" if self.asked else "",
            f"gain {self.gain:.2f} ({self.fresh:.0%} new rows{age}, {self.helps:.0%} likely to help)".replace(
                "%", " %"
            ),
            "a person started it" if self.person else "",
            f"{self.turns} turn{'s' if self.turns > 1 else ''} in a day" if self.turns else "",
        ]
        return "; ".join(filter(None, parts))


def priority_of(view: View, spec: ModelSpec, run: RunTriggered, now: datetime) -> Priority:
    """The priority of a run that waits to be trained, as the model's ledger has it `now`."""
    fresh, age = _fresh(view, run), _age(view, spec, now)
    helps = chance_of_help(_retrains(view))
    return Priority(
        asked=any(isinstance(view.entries[seq - 1].body, RetrainAsked) for seq in run.consumed),
        person=run.why == "a person",
        fresh=fresh,
        age=age,
        helps=helps,
        gain=expected_gain(fresh, age, helps, spec.train.pool.importance),
        turns=sum(entry.at > now - DAY and entry.body.run != run.run for entry in view.triggers),
    )


def due(came: datetime, priority: Priority) -> datetime:
    """The moment by which a run that came then is in the line: the earliest is first.

    An urgency that is added to the time of arrival (Jackson 1960, Naval Research Logistics Quarterly 7, 235-249) is the
    same as a priority that grows with the wait, equally fast for all (Kleinrock 1964, the same journal 11, 329-341).
    So nobody's place has to be counted anew while time passes, and nobody who comes more than six points (three days)
    later goes first, whatever his gain.
    """
    return came - priority.lead * POINT


def _fresh(view: View, run: RunTriggered) -> float:
    learned = _learned(view.trained_on(view.champion)) if view.champion is not None else ()
    known = {(batch.partition, batch.sha256) for batch in learned}
    batches = _learned(run)
    rows = sum(batch.rows for batch in batches)
    new = sum(batch.rows for batch in batches if (batch.partition, batch.sha256) not in known)
    return new / rows if rows else 1.0


def _learned(run: RunTriggered) -> tuple[Batch, ...]:
    return Snapshot("", run.batches, run.holdout, run.gap).training


def _age(view: View, spec: ModelSpec, now: datetime) -> float:
    """The champion's age in periods of the schedule; without one new rows say it all, and without champion nothing."""
    crons = spec.retrain.crons
    if not crons or view.champion is None:
        return 0.0
    began = view.claimed(f"run:{view.trained_on(view.champion).run}")
    return (now - began.at) / min(_period(cron, now) for cron in crons) if began else 0.0


def _period(cron: str, now: datetime) -> timedelta:
    from croniter import croniter  # type: ignore[import-untyped]

    first, second = islice(croniter(cron, now, ret_type=datetime).all_next(), 2)
    length: timedelta = second - first
    return length


def _retrains(view: View) -> list[Retrain]:
    newest = view.of(CandidateJudged)[-LATELY:]
    found = (against_champion(entry.body) for entry in newest if entry.body.champion is not None)
    return [
        Retrain(-one.effect, -one.high, -one.low)
        for one in found
        if one is not None and one.effect is not None and one.low is not None and one.high is not None
    ]


def against_champion(judged: CandidateJudged) -> Verdict | None:
    """What the first gate that compares with the champion said: its effect is the new mean loss less the old."""
    return next((one for one in judged.verdicts if one.gate in AGAINST_CHAMPION), None)
