"""What happens, in the order of time, and the steps of production that follow from it.

    a delivery lands     validate and commit it, and look after the champion; then training, if a trigger says so
    a cron strikes       training
    something is due     training: a cooldown or quiet hours are over, the recipe has changed, ...
    a look               at the stage of a rollout that is under way

An event that is called for twice happens once.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from everfit.errors import EverfitError, KeptBack, NotEnoughData, StaleHead, Unreachable
from everfit.replay.after import look_after
from everfit.replay.kept import evaluated, inspected, run_name
from everfit.replay.traffic import Traffic
from everfit.replay.world import World
from everfit.spec import Unchanged
from everfit.steps.build_features import build_features
from everfit.steps.choose import choose
from everfit.steps.commit import commit
from everfit.steps.due import due
from everfit.steps.ingest import waiting
from everfit.steps.judge import judge
from everfit.steps.judge_again import with_fresh_evidence
from everfit.steps.recipe import recipe
from everfit.steps.refuse import refuse_hopeless
from everfit.steps.register import register
from everfit.steps.rollout import advance
from everfit.steps.search import search
from everfit.steps.snapshot import TrainRequest, resolve, snapshot_of, unused_batches
from everfit.steps.train import train
from everfit.steps.why_now import NotNow, occasion, why_now

if TYPE_CHECKING:
    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Progress

LANDS, CRON, DUE, LOOK = "a delivery lands", "a cron strikes", "something is due", "a look at the rollout"
ORDER = (LANDS, LOOK, DUE, CRON)
"""What comes first of what happens at one moment."""
EVERY = timedelta(hours=6)
"""How often a stage is looked at, if the stage itself does not ask for a look before."""


@dataclass
class Play:
    """One world from the first delivery to `end`. What lands after that is settled, for its rows count, and nothing
    else follows from it."""

    world: World
    traffic: Traffic
    end: datetime
    progress: Progress
    _queue: list[tuple[datetime, int]] = field(default_factory=list)
    _attempts: int = 0

    def run(self) -> None:
        """Let everything happen that does."""
        self._announce()
        last = self.world.clock.at
        while self._queue:
            at, kind = heapq.heappop(self._queue)
            self.progress(f"{at:%Y-%m-%d}")
            self.traffic.between(last, at)
            self.world.clock.turn(at)
            last = at
            self._happens(ORDER[kind])

    def _announce(self) -> None:
        """Put everything into the queue that is known beforehand."""
        from croniter import croniter  # type: ignore[import-untyped]

        spec, begin = self.world.spec, self.world.clock.at
        way = spec.data.complete_when
        for landed in self.world.landed:
            self._at(landed.at, LANDS)
            if isinstance(way, Unchanged):
                self._at(landed.at + timedelta(seconds=way.unchanged_for), LANDS)
        for cron in spec.retrain.crons:
            strikes = croniter(cron, begin, ret_type=datetime)
            while (at := strikes.get_next()) <= self.end:
                self._at(at, CRON)

    def _at(self, at: datetime, kind: str) -> None:
        event = at, ORDER.index(kind)
        if event not in self._queue:
            heapq.heappush(self._queue, event)

    def _happens(self, kind: str) -> None:
        if kind == LANDS:
            self._lands()
        if self.world.clock.at > self.end:
            return
        if kind == CRON:
            self._train("schedule")
        elif kind == LOOK:
            self._deploy()
        self._what_is_due()

    def _lands(self) -> None:
        """Settle what lies there, as the ingest DAG does, and train if new data is a reason."""
        world, news = self.world, False
        for arrival in waiting(world.ports, world.spec):
            found = inspected(world, arrival)
            entry = commit(world.ports, world.spec, found, attempt=f"replay-{self._count()}")
            news = news or entry.kind == "batch_accepted"
        if not news or world.clock.at > self.end:
            return
        before = world.view
        if world.spec.retrain.on_new_data:
            self._train("new data")
        if look_after(world, self._say):
            self._train("decay")
        if before.champion is None and before.challenger is None and world.view.triggers == before.triggers:
            self._train("a person")  # the first model is not for the policy to choose

    def _what_is_due(self) -> None:
        """Train if something is due that nothing has started; and come back when time alone will change that."""
        world, now = self.world, self.world.clock.at
        view = world.view
        if due(view, world.spec, now):
            self._train("due")
            view = world.view
        found = why_now(
            view, world.spec, occasion(view, unused_batches(view, world.spec.window), recipe(world.spec), now), "due"
        )
        if isinstance(found, NotNow) and found.until and now < found.until <= self.end:
            self._at(found.until, DUE)

    def _train(self, why: str) -> None:
        """One run of the training DAG."""
        world = self.world
        request = TrainRequest(run="", why=why, by="replay")
        try:
            request = replace(request, run=run_name(world, request))
            triggered = resolve(world.ports, world.spec, request)
        except NotEnoughData:
            return
        if isinstance(triggered, NotNow):
            return
        try:
            promote = self._learn(triggered)
        except Unreachable:
            raise
        except EverfitError as error:  # the run fails, as the DAG's would; the next one makes up for it
            world.failed[triggered.run] = str(error)
            return
        if promote:
            self._deploy()

    def _learn(self, triggered: RunTriggered) -> bool:
        """From the snapshot to the judgement, and the registry; whether the candidate is to be promoted."""
        world, run = self.world, triggered.run
        ports, spec, say = world.ports, world.spec, self._say
        snapshot = snapshot_of(spec, triggered)
        took = world.paid.setdefault(run, {})

        features, took["features"] = world.memo.taking(
            "features", [snapshot.id, run], lambda: build_features(ports, spec, snapshot)
        )
        if not triggered.forced:
            refuse_hopeless(ports, spec, snapshot, features)
        if spec.train.search:
            _, took["search"] = world.memo.taking(
                "search", run, lambda: search(ports, spec, snapshot, features, triggered, 0, say, None)
            )
            choose(ports, spec, run)
        candidate, took["train"] = world.memo.taking(
            "train", run, lambda: train(ports, spec, snapshot, features, run, triggered.device, say)
        )
        evaluation, took["evaluate"] = evaluated(world, snapshot, features, candidate, say)
        judgement = judge(ports, spec, evaluation)
        if judgement.promote:
            register(ports, spec, judgement)
        return judgement.promote

    def _deploy(self) -> None:
        """One look at what is on its way to people, and the moment of the next one."""
        world = self.world
        version = world.view.challenger
        if version is None:
            return
        try:
            standing = with_fresh_evidence(
                *(world.ports, world.spec, version, self._say),
                lambda: advance(world.ports, world.spec, version, f"replay-{version}#1", self._say),
            )
        except (StaleHead, KeptBack):
            return  # the gates or the champion of now keep it back
        except Unreachable:
            raise
        except EverfitError as error:
            world.failed[world.view.trained_on(version).run] = str(error)
            return
        if not standing.done:
            soon = world.clock.at + EVERY
            self._at(min(soon, standing.again) if standing.again and standing.again > world.clock.at else soon, LOOK)

    def _count(self) -> int:
        self._attempts += 1
        return self._attempts

    def _say(self, message: str) -> None:
        self.progress(f"{self.world.clock.at:%Y-%m-%d}  {message}")
