"""Trains on the device that was wanted, or, where the spec allows it, on the CPU instead, and says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit import gpu
from everfit.errors import NoGpu
from everfit.steps.gpu_watch import Watched, watching
from everfit.values import Placement

if TYPE_CHECKING:
    from everfit.models import Trained
    from everfit.ports import Progress


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained model, where it was trained, and what was seen of the GPU meanwhile."""

    trained: Trained
    placement: Placement
    watched: Watched


def place(fit: Callable[[str], Trained], wanted: str, progress: Progress, *, fallback: bool) -> Fitted:
    """Call `fit` with the device that was wanted; on a `NoGpu`, with the CPU if `fallback` says that it may be that.

    `auto` wants a GPU and may always fall back. The placement says what was wanted, what it became, and why that is
    something else. Errors: `NoGpu` where a GPU was wanted, is not there, and nothing else may be used.
    """
    may_be_cpu, why = fallback or wanted == "auto", ""
    try:
        with watching(gpu.find(wanted), progress) as watched:
            trained = fit("cuda" if wanted == "auto" else wanted)
    except NoGpu as error:
        if not may_be_cpu:
            raise
        why = error.why
    if why:
        progress(f"{'' if wanted == 'auto' else f'not on {wanted}, but '}on the CPU: {why}")
        watched, trained = Watched(None), fit("cpu")
    elif wanted != "cpu" and trained.device == "cpu":
        why = "this algorithm trains on the CPU only"
        if not may_be_cpu:
            raise NoGpu(wanted, why)
        progress(f"not on a GPU: {why}")
    return Fitted(trained, Placement(wanted, trained.device, why), watched)
