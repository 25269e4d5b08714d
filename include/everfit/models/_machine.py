"""What the machine has to train with: a GPU or not, and how many cores we were granted of it."""

from __future__ import annotations

import os
from pathlib import Path

from everfit import gpu
from everfit.errors import NoGpu

CGROUP = Path("/sys/fs/cgroup/cpu.max")


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


def cores() -> int:
    """How many cores this process may use: OMP_NUM_THREADS if set, else its affinity and its container's quota."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdigit() and int(told) > 0:
        return int(told)
    granted = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, period = _quota()
    return max(1, min(granted, quota // period)) if quota else granted


def _quota() -> tuple[int, int]:
    try:
        quota, period = CGROUP.read_text().split()
    except (OSError, ValueError):
        return 0, 1
    return (int(quota), int(period)) if quota.isdigit() else (0, 1)
