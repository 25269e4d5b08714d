"""Wanted and used devices: what falls back, what says so, and what is refused."""

import re

import pytest

from everfit import gpu
from everfit.errors import NoGpu
from everfit.models import Trained
from everfit.steps.placing import place
from everfit.values import Placement


class Machine:
    """Trains on the devices that it has, as an algorithm does; `cpu_only` ignores what is asked."""

    def __init__(self, *devices: str, cpu_only: bool = False) -> None:
        self.devices, self.cpu_only = devices, cpu_only
        self.asked: list[str] = []

    def fit(self, device: str) -> Trained:
        self.asked.append(device)
        if not self.cpu_only and device not in self.devices:
            raise NoGpu(device, "it is not there")
        return Trained(b"", "cpu" if self.cpu_only else device, 1, 0.1, 1, {}, {}, {})


@pytest.mark.parametrize(
    ("wanted", "fallback", "there", "placed", "asked"),
    [
        ("cpu", False, ("cpu",), Placement("cpu", "cpu"), ["cpu"]),
        ("cpu", False, ("cpu", "cuda"), Placement("cpu", "cpu"), ["cpu"]),
        ("auto", False, ("cpu", "cuda"), Placement("auto", "cuda"), ["cuda"]),
        ("auto", False, ("cpu",), Placement("auto", "cpu", "it is not there"), ["cuda", "cpu"]),
        ("cuda", False, ("cpu", "cuda"), Placement("cuda", "cuda"), ["cuda"]),
        ("cuda:1", False, ("cpu", "cuda", "cuda:1"), Placement("cuda:1", "cuda:1"), ["cuda:1"]),
        ("cuda:1", True, ("cpu", "cuda"), Placement("cuda:1", "cpu", "it is not there"), ["cuda:1", "cpu"]),
    ],
)
def test_a_placement_says_what_was_wanted_used_and_why(
    wanted: str, fallback: bool, there: tuple[str, ...], placed: Placement, asked: list[str]
) -> None:
    machine, said = Machine(*there), list[str]()
    fitted = place(machine.fit, wanted, said.append, fallback=fallback)
    assert fitted.placement == placed
    assert machine.asked == asked
    assert [placed.why in line for line in said] == ([True] if placed.why else [])


@pytest.mark.parametrize("machine", [Machine("cpu"), Machine(cpu_only=True)])
def test_without_leave_a_missing_gpu_ends_the_run(machine: Machine) -> None:
    with pytest.raises(NoGpu, match=re.escape("device 'cuda:3' was asked for, but ")):
        place(machine.fit, "cuda:3", print, fallback=False)
    assert machine.asked == ["cuda:3"]


@pytest.mark.parametrize(("wanted", "fallback"), [("auto", False), ("cuda", True)])
def test_an_algorithm_without_gpu_support_trains_once_and_is_told_apart(wanted: str, fallback: bool) -> None:
    machine = Machine(cpu_only=True)
    placement = place(machine.fit, wanted, print, fallback=fallback).placement
    assert placement == Placement(wanted, "cpu", "this algorithm trains on the CPU only")
    assert len(machine.asked) == 1


def test_what_is_no_gpu_error_is_no_reason_to_fall_back() -> None:
    def broken(device: str) -> Trained:
        raise MemoryError(device)

    with pytest.raises(MemoryError, match="cuda"):
        place(broken, "auto", print, fallback=True)


def test_the_real_machine_is_asked_before_it_is_watched() -> None:
    fitted = place(Machine("cpu", "cuda").fit, "auto", print, fallback=False)
    assert (fitted.watched.gpu is None) == (gpu.lacking() is not None)
