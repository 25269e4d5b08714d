"""All policies, one after the other; what was played before with the same is read, not played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from everfit.replay.world import new_world, shared_store
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


def rehearse_policies(
    real: Ports, policies: Mapping[str, ModelSpec], home: Path, settings: Settings, progress: Progress
) -> Iterator[tuple[Outcome, bool]]:
    """Play each policy; yields its outcome, and whether that was known before.

    Of the installation nothing is read but the landing place; everything else is in the folder `home`. Errors:
    `DataError` if there is nothing to play, `SpecError` for a model without a loss by row.
    """
    if not policies:
        return
    spec = next(iter(policies.values()))
    if spec.task == "ranking":
        raise SpecError(f"{spec.name} ranks, and a row of a ranking has no loss of its own: it cannot be rehearsed yet")
    memo = Memo(shared_store(home))
    landed = _played(timetable(real, spec, memo, settings.lands_after), spec, settings)
    for name, one in policies.items():
        deliveries = [[each.delivery.fingerprint, each.at.isoformat()] for each in landed]
        key = [essence(one), one.spec_hash, recipe(one), deliveries, dump(settings)]
        known = True

        def play(name: str = name, one: ModelSpec = one) -> Outcome:
            nonlocal known
            known = False
            return _play(real, name, one, home, landed, settings, progress)

        outcome = memo.recall("outcomes", key, Outcome, play)
        yield outcome, known


def _play(
    real: Ports,
    name: str,
    spec: ModelSpec,
    home: Path,
    landed: tuple[Landed, ...],
    settings: Settings,
    progress: Progress,
) -> Outcome:
    world = new_world(home, name, spec, real, landed)
    traffic = Traffic(world, settings.rows, settings.labels_after)
    Play(world, traffic, max(one.last for one in landed), progress).run()
    progress("scoring every row with the champion of its moment")
    return reckon(world)


def _played(landed: tuple[Landed, ...], spec: ModelSpec, settings: Settings) -> tuple[Landed, ...]:
    """The deliveries of the time that is played; those from before it have all landed when it begins."""
    from dataclasses import replace

    found = [one for one in landed if settings.until is None or one.last <= settings.until]
    if not found:
        raise DataError(f"{spec.name}: no delivery in {spec.data.landing} is from before {settings.until:%Y-%m-%d}")
    begin = settings.since
    if begin is None:
        return tuple(found)
    return tuple(replace(one, at=begin) if one.at < begin else one for one in found)
