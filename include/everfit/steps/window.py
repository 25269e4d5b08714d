"""From a window policy to batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.spec import WindowSpec
    from everfit.values import Batch


def choose(
    window: WindowSpec,
    accepted: Sequence[tuple[int, Batch]],
    batches: int | None = None,
    until: str | None = None,
) -> tuple[tuple[int, Batch], ...]:
    """The accepted batches that are in the window, by partition; each comes after the seq of its entry.

    `batches` (the newest so many of them) and `until` (none after that partition) narrow it for one run. It depends on
    which batches there are and not on when they came.
    """
    known = sorted((found for found in accepted if window.allows(found[1].partition)), key=lambda f: f[1].partition)
    ready = known[: max(len(known) - window.skip, 0)]
    wanted = [found for found in ready if until is None or found[1].partition <= until]
    size = batches or window.size
    return tuple(wanted if size is None else wanted[-size:])
