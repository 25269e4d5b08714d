"""The strategy `direct`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.values import Stage


@dataclass(frozen=True)
class Direct:
    """Everybody at once, as soon as the target answers as the candidate did offline: what a spec without `rollout`
    says, too."""

    def stages(self) -> tuple[Stage, ...]:
        """None."""
        return ()
