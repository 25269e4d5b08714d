"""Policies played on the same deliveries; what was played before is read, not played."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import DataError, SpecError
from everfit.replay.kept import essence
from everfit.replay.memo import Memo
from everfit.replay.outcome import Outcome
from everfit.replay.play import Play
from everfit.replay.reckoning import reckon
from everfit.replay.timetable import Landed, timetable
from everfit.replay.traffic import Traffic
from everfit.replay.world import World, new_world, shared_store
from everfit.steps.recipe import recipe
from everfit.values import dump

if TYPE_CHECKING:
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec


@dataclass(frozen=True)
class Settings:
    """What is played, and how.

    Deliveries whose newest row is from before `since` are there from the beginning; what is newer than `until` is not
    played (None: all). A delivery lands `lands_after` its newest row. While a version is rolled out, `rows` rows of a
    batch ask at most, and what became of a row is known `labels_after` its time (None: when its delivery lands).
    """

    since: datetime | None = None
    until: datetime | None = None
    lands_after: timedelta = timedelta(hours=6)
    labels_after: timedelta | None = None
    rows: int = 5_000


@dataclass(frozen=True)
class Rehearsal:
    """A time to be played: what landed in it, and the folder `home` in which everything is kept.

    Of the `real` installation nothing is read but the landing place, and nothing is written.
    """

    real: Ports
    home: Path
    settings: Settings
    landed: tuple[Landed, ...]

    @classmethod
    def of(cls, real: Ports, spec: ModelSpec, home: Path, settings: Settings) -> Rehearsal:
        """Look what there is to play.

        Errors: `DataError` if there is nothing, `SpecError` for a model without a loss by row.
        """
        if spec.task == "ranking":
            raise SpecError(f"{spec.name} ranks, and a row of a ranking has no loss of its own: it cannot be rehearsed")
        landed = timetable(real, spec, Memo(shared_store(home)), settings.lands_after)
        return cls(real, home, settings, _played(landed, spec, settings))

    def play(self, name: str, spec: ModelSpec, progress: Progress) -> tuple[Outcome, bool]:
        """The outcome of a policy, and whether it was known: of an equal rehearsal it is read, not played."""
        deliveries = [[one.delivery.fingerprint, one.at.isoformat()] for one in self.landed]
        key = [name, essence(spec), spec.spec_hash, recipe(spec), deliveries, dump(self.settings)]
        known = True

        def play() -> Outcome:
            nonlocal known
            known = False
            return self._play(name, spec, progress)

        return Memo(shared_store(self.home)).recall("outcomes", key, Outcome, play), known

    def world(self, name: str, spec: ModelSpec, progress: Progress, end: datetime | None = None) -> World:
        """A policy's world, played up to `end`: the newest row, after which there is nobody to be better for."""
        world = new_world(self.home, name, spec, self.real, self.landed)
        traffic = Traffic(world, self.settings.rows, self.settings.labels_after)
        Play(world, traffic, end or max(one.last for one in self.landed), progress).run()
        return world

    def _play(self, name: str, spec: ModelSpec, progress: Progress) -> Outcome:
        world = self.world(name, spec, progress)
        progress("scoring every row with the champion of its moment")
        return reckon(world)


def _played(landed: tuple[Landed, ...], spec: ModelSpec, settings: Settings) -> tuple[Landed, ...]:
    """The deliveries of the time that is played; those from before it have all landed when it begins."""
    found = [one for one in landed if settings.until is None or one.last <= settings.until]
    if not found:
        raise DataError(f"{spec.name}: no delivery in {spec.data.landing} is from before {settings.until:%Y-%m-%d}")
    begin = settings.since
    if begin is None:
        return tuple(found)
    return tuple(replace(one, at=begin) if one.at < begin else one for one in found)
