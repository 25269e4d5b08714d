"""What is asked of the driver, on a machine with a GPU and on one without."""

import ctypes

import pytest

from everfit import gpu
from everfit.errors import SpecError


def driver_here() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


@pytest.mark.parametrize("device", ["", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:1.5", "cuda:100", "cpu:0", "auto "])
def test_what_is_no_device_is_refused(device: str) -> None:
    with pytest.raises(SpecError, match="wanted auto, cpu, cuda, or cuda:0, cuda:1"):
        gpu.ordinal(device)


def test_no_gpu_has_its_reason_and_a_gpu_has_a_driver() -> None:
    obstacle = gpu.lacking()
    assert (obstacle is None) <= driver_here()
    if not driver_here():
        assert obstacle == "there is no NVIDIA driver on this machine"
    assert gpu.lacking(98), "no machine has 99 GPUs"


@pytest.mark.parametrize("device", ["cpu", "cuda:98"])
def test_who_holds_no_gpu_watches_none(device: str) -> None:
    assert gpu.find(device) is None


def test_a_missing_driver_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", no_library)
    assert gpu.lacking() == "there is no NVIDIA driver on this machine"
    assert gpu.find("cuda") is None
    assert gpu.find("auto") is None


class Driver:
    """A driver that sees so many GPUs, or does not answer."""

    def __init__(self, count: int, broken: int = 0) -> None:
        self.count, self.broken = count, broken

    def cuInit(self, flags: int) -> int:  # noqa: N802 - CUDA's name
        return self.broken

    def cuDeviceGetCount(self, into) -> int:  # noqa: N802 - CUDA's name
        into._obj.value = self.count
        return 0


@pytest.mark.parametrize(
    ("driver", "number", "wanted"),
    [
        (Driver(0), 0, "there is no GPU that this process may see"),
        (Driver(2), 2, "the last GPU that this process may see is cuda:1"),
        (Driver(2), 1, None),
        (Driver(1), 0, None),
        (Driver(4, broken=999), 0, "the NVIDIA driver does not answer"),
    ],
)
def test_what_the_driver_says_becomes_a_reason(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, number: int, wanted: str | None
) -> None:
    monkeypatch.setattr(gpu, "_driver", lambda: driver)
    assert gpu.lacking(number) == wanted


def test_a_card_whose_management_library_is_missing_is_not_watched() -> None:
    """`nvidia-ml-py` is installed everywhere, the library that it talks to only with the driver."""
    assert gpu._managed(b"FFFF:FF:1F.0") is None
