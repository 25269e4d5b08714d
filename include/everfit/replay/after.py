"""The champion is looked after between deliveries, where a policy goes by what the monitor finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.steps.monitor import monitor

if TYPE_CHECKING:
    from everfit.ports import Progress
    from everfit.replay.world import World


def look_after(world: World, progress: Progress) -> bool:
    """Look at the champion as `<model>_monitor` does; whether it was found to have decayed.

    Where no trigger of the policy asks for it, nobody looks: it would cost minutes in a year and change nothing.
    """
    if world.view.champion is None or not world.spec.retrain.on_decay:
        return False
    monitor(world.ports, world.spec, progress)
    return bool(world.view.decayed)
