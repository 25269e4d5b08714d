"""One stage of a rollout, judged as of now: wait, go on, or stop; with the evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from everfit.ledger.entries import DeploymentStarted, StageEntered
from everfit.rollouts.bars import Bars
from everfit.rollouts.judging import Found, judge_stage
from everfit.steps.put import put
from everfit.steps.watching import Sight, Watch, look, watch_of
from everfit.values import Stage, digest, dump, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from everfit.ledger import Entry, View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.values import StoredFile

FALSE_ALARMS = 0.05
"""So many of all harmless challengers may be stopped, over the whole rollout and however often anybody looks."""


@dataclass(frozen=True)
class Judged:
    """What a look at a stage came to: `then` it waits (`again` is when the clock alone changes that), goes on or stops.

    `found` is what the judge said, `sight` what it saw.
    """

    model: str
    entered: Entry[StageEntered]
    stage: Stage
    at: datetime
    then: Literal["wait", "go on", "stop"]
    words: str
    found: Found
    sight: Sight
    again: datetime | None = None

    def keep(self, ports: Ports) -> StoredFile:
        """Put what it rests on into the store: the verdict, the bars, and the objects that were read."""
        from pydantic_core import to_json

        said: dict[str, Any] = {
            "model": self.model,
            "version": self.entered.body.version,
            "stage": dump(self.stage),
            "entered": self.entered.seq,
            "at": self.at.isoformat(),
            "then": self.then,
            "words": self.words,
            "found": dump(self.found),
            "answers": self.sight.answers,
            "labels": self.sight.labels,
            "segments": list(self.sight.segments),
        }
        data = to_json(said, indent=2, inf_nan_mode="null")
        name = f"{self.entered.body.intent}-{self.entered.body.number}-{digest(data.decode())[:12]}.json"
        return put(ports.store, f"evidence/{self.model}/rollout/{name}", data)


def judged_now(
    ports: Ports, spec: ModelSpec, view: View, entered: Entry[StageEntered], plan: Sequence[Stage]
) -> Judged:
    """Judge the stage by everything that the log says by now.

    It goes on after `at_least`, with enough answers, and once the evidence is what the stage needs. Harm stops it at
    any time. At `at_most` it stops, or goes on by declared default.
    """
    body = entered.body
    stage, now = plan[body.number], ports.clock()
    watch = watch_of(plan, body.number, f"{spec.name}:{body.intent}")
    champion = _replaced(view, body.intent)
    sight = look(ports.store, spec, champion, body.version, watch, _began(view, body.intent, watch))
    found = judge_stage(sight.watched, load(Bars, json.loads(stage.bars)), FALSE_ALARMS / watch.of)
    then, words, again = _then(stage, found, sight, now - body.began)
    when = body.began + again if again is not None else None
    return Judged(spec.name, entered, stage, now, then, words, found, sight, when)


def _then(
    stage: Stage, found: Found, sight: Sight, lasted: timedelta
) -> tuple[Literal["wait", "go on", "stop"], str, timedelta | None]:
    """What follows, why, and after how much time of the stage the clock would change it."""
    if found.harm:
        return "stop", found.reason, None
    shown = found.good or stage.needs == "no_harm"
    enough = sight.answers >= stage.answers
    if lasted >= stage.at_least and enough and shown:
        harmless = f"no harm in {sight.answers:,} answers, {sight.labels:,} labels"
        return "go on", found.reason if found.good else f"{harmless}: {found.reason}", None
    if lasted >= stage.at_most:
        missing = found.reason if enough else f"{sight.answers:,} answers of the {stage.answers:,} that it takes"
        if stage.otherwise == "promote":
            return "go on", f"its time is over, and the declared default goes on: {missing}", None
        return "stop", f"its time is over, and it is kept back: {missing}", None
    words = f"{sight.answers:,} answers, {sight.labels:,} labels: {found.reason}"
    return "wait", words, stage.at_least if lasted < stage.at_least else stage.at_most


def _began(view: View, intent: int, watch: Watch) -> datetime:
    """When the history that the stage belongs to began."""
    return min(entry.body.began for entry in view.stages(intent) if entry.body.number >= watch.first)


def _replaced(view: View, intent: int) -> int:
    """The champion that the rollout is to replace."""
    started = next(entry.body for entry in view.of(DeploymentStarted) if entry.seq == intent)
    return started.champion or 0
