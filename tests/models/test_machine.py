"""What the machine has: a GPU or not, and the cores that we were granted."""

import ctypes
import os
from pathlib import Path

import pytest

from everfit.errors import SpecError
from everfit.models import _machine
from everfit.values import Device


def driver_here() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def test_cpu_is_cpu_whatever_there_is() -> None:
    assert _machine.choose(Device.CPU, built_with_cuda=True) is Device.CPU


def test_auto_follows_the_machine() -> None:
    chosen = _machine.choose(Device.AUTO, built_with_cuda=True)
    assert chosen is (Device.CUDA if _machine._no_gpu() is None else Device.CPU)
    assert chosen is Device.CPU or driver_here()


def test_asking_for_a_gpu_that_is_not_there_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError, match="this build of XGBoost cannot use one; ask for 'auto' or 'cpu'"):
        _machine.choose(Device.CUDA, built_with_cuda=False)
    monkeypatch.setattr(_machine, "_no_gpu", lambda: "there is no NVIDIA driver on this machine")
    with pytest.raises(SpecError, match="no NVIDIA driver on this machine"):
        _machine.choose(Device.CUDA, built_with_cuda=True)


def test_a_missing_driver_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", no_library)
    assert _machine._no_gpu() == "there is no NVIDIA driver on this machine"


@pytest.mark.parametrize(
    ("quota", "told", "wanted"),
    [
        ("max 100000", "", 4),
        ("200000 100000", "", 2),
        ("50000 100000", "", 1),
        ("800000 100000", "", 4),
        ("200000 100000", "3", 3),
        ("200000 100000", "many", 2),
        ("nonsense", "", 4),
        (None, "", 4),
    ],
)
def test_cores_are_those_granted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quota: str | None, told: str, wanted: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 5}, raising=False)
    monkeypatch.setattr(_machine, "CGROUP", tmp_path / "cpu.max")
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota + "\n")
    assert _machine.cores() == wanted
