"""The champion is looked after between deliveries, where a policy goes by what the monitor finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit.steps.monitor import monitor
from everfit.triggers import Group
from everfit.triggers.decay import Decay
from everfit.triggers.drift import Drift
from everfit.triggers.estimated_decay import EstimatedDecay

if TYPE_CHECKING:
    from collections.abc import Iterable

    from everfit.ports import Progress
    from everfit.replay.world import World

BY_MONITOR = (Decay, Drift, EstimatedDecay)


def look_after(world: World, progress: Progress) -> None:
    """Look at the champion as `<model>_monitor` does, if a trigger of the policy asks what that finds.

    What nobody asks for is not looked at: it would cost a minute in a year and change nothing.
    """
    if world.view.champion is not None and _asks(world.spec.retrain.when):
        monitor(world.ports, world.spec, progress)


def _asks(when: Iterable[Any]) -> bool:
    return any(_asks(one.of) if isinstance(one, Group) else isinstance(one, BY_MONITOR) for one in when)
