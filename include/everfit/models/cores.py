"""How many cores this process was granted."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """How many cores this process may compute with: OMP_NUM_THREADS if set, else what it was granted."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdigit() and int(told) > 0 else granted()


def granted() -> int:
    """The cores of its affinity and its container's quota."""
    held = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, period = _quota()
    return max(1, min(held, quota // period)) if quota else held


def _quota() -> tuple[int, int]:
    try:
        quota, period = CGROUP.read_text().split()
    except (OSError, ValueError):
        return 0, 1
    return (int(quota), int(period)) if quota.isdigit() else (0, 1)
