"""What looks after the champion between deliveries: the seam for the monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.ports import Progress
    from everfit.replay.world import World


def look_after(world: World, progress: Progress) -> None:
    """Nothing yet."""
