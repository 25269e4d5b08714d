"""What the machine has to train with: a GPU or not, and how many cores we were granted of it."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from everfit.errors import SpecError
from everfit.values import Device

CGROUP = Path("/sys/fs/cgroup/cpu.max")


def choose(wanted: Device, *, built_with_cuda: bool) -> Device:
    """`cpu` or `cuda`: what was asked for, or with `auto` a GPU if there is one.

    Errors: `SpecError` when a GPU was asked for and there is none.
    """
    if wanted is Device.CPU:
        return Device.CPU
    obstacle = "this build of XGBoost cannot use one" if not built_with_cuda else _no_gpu()
    if obstacle is None:
        return Device.CUDA
    if wanted is Device.CUDA:
        raise SpecError(f"device 'cuda' was asked for, but {obstacle}; ask for 'auto' or 'cpu', or train elsewhere")
    return Device.CPU


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


def _no_gpu() -> str | None:
    """Why there is no GPU to use, or None. Asks the driver itself: no package to import, and 1 ms."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "there is no NVIDIA driver on this machine"
    count = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return "the NVIDIA driver does not answer"
    return None if count.value else "there is no GPU that this process may see"
