"""What the machine has to train with: a GPU or not."""

from __future__ import annotations

from everfit import gpu
from everfit.errors import NoGpu


def choose(wanted: str, *, built_with_cuda: bool) -> str:
    """`cpu`, `cuda` or `cuda:N`: what was asked for, or with `auto` a GPU if there is one.

    Errors: `NoGpu` when a GPU was asked for that this process cannot use.
    """
    if wanted == "cpu":
        return wanted
    number = gpu.ordinal(wanted)
    obstacle = gpu.lacking(number or 0) if built_with_cuda else "this build of XGBoost cannot use one"
    if obstacle is None:
        return "cuda" if number is None else wanted
    if number is None:
        return "cpu"
    raise NoGpu(wanted, obstacle)
