"""The GPUs of this machine: whether there is one that this process may use, and what it is doing.

The driver itself is asked (`libcuda`, 1 ms), and for readings its management library (`nvidia-ml-py`): no CUDA toolkit
is needed, nothing is started, and a machine without a driver is simply one without a GPU.
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from typing import Any, Protocol

from everfit.errors import SpecError, Unreachable

DEVICE = r"^(auto|cpu|cuda(:\d{1,2})?)$"
"""How a device is written: `auto` takes a GPU if there is one, `cuda` the first one, `cuda:1` the second."""

MB = 2**20
_PCI_ADDRESS = 32  # characters, with room to spare


@dataclass(frozen=True)
class Reading:
    """What a GPU does at one moment: memory in use, by whomever (MB), and the share of the last second it computed."""

    memory_mb: float
    busy: float


class Gpu(Protocol):
    """A GPU that can be watched; memory is in MB."""

    @property
    def name(self) -> str:
        """As NVIDIA calls it."""

    @property
    def of_mb(self) -> float:
        """All memory that it has."""

    def read(self) -> Reading:
        """What it is doing now; `Unreachable` if it does not say."""


def ordinal(device: str) -> int | None:
    """Which GPU a device means, in CUDA's count; None for one that need not be a GPU. `SpecError` for no device.

    >>> ordinal("cuda:3"), ordinal("cuda"), ordinal("cpu"), ordinal("auto")
    (3, 0, None, None)
    """
    if not re.match(DEVICE, device):
        raise SpecError(
            f"found the device {device!r}, wanted auto, cpu, cuda, or cuda:0, cuda:1, ... for a certain GPU"
        )
    kind, _, number = device.partition(":")
    return int(number or 0) if kind == "cuda" else None


def lacking(number: int = 0) -> str | None:
    """Why this process cannot use that GPU, or None if it can. What `CUDA_VISIBLE_DEVICES` hides is not there."""
    driver = _driver()
    if driver is None:
        return "there is no NVIDIA driver on this machine"
    count = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return "the NVIDIA driver does not answer"
    if not count.value:
        return "there is no GPU that this process may see"
    last = count.value - 1
    return None if number <= last else f"the last GPU that this process may see is cuda:{last}"


def find(device: str) -> Gpu | None:
    """The GPU that a training run on `device` would hold, ready to be watched; None if it would hold none.

    CUDA counts GPUs another way than the management library does, so that the card is found by its place on the bus.
    """
    number = 0 if device == "auto" else ordinal(device)
    if number is None or lacking(number) is not None:
        return None
    address = ctypes.create_string_buffer(_PCI_ADDRESS)
    card = ctypes.c_int(0)
    driver = _driver()
    if driver is None or driver.cuDeviceGet(ctypes.byref(card), number):
        return None
    if driver.cuDeviceGetPCIBusId(address, _PCI_ADDRESS, card):
        return None
    return _managed(address.value)


def _driver() -> Any:
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None


def _managed(address: bytes) -> Gpu | None:
    """The card at this place of the bus; None where the management library is not there or knows it not."""
    import pynvml

    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByPciBusId(address)
        return NvidiaGpu(
            handle, str(pynvml.nvmlDeviceGetName(handle)), pynvml.nvmlDeviceGetMemoryInfo(handle).total / MB
        )
    except pynvml.NVMLError:
        return None


@dataclass(frozen=True)
class NvidiaGpu:
    """A GPU as NVIDIA's management library sees it."""

    handle: Any
    name: str
    of_mb: float

    def read(self) -> Reading:
        """Memory and work of the whole card. A card that is cut into parts (MIG) does not tell its work: 0."""
        import pynvml

        try:
            memory = pynvml.nvmlDeviceGetMemoryInfo(self.handle).used / MB
        except pynvml.NVMLError as error:
            raise Unreachable(f"{self.name} does not answer: {error}") from error
        try:
            return Reading(memory, pynvml.nvmlDeviceGetUtilizationRates(self.handle).gpu / 100)
        except pynvml.NVMLError:
            return Reading(memory, 0.0)
