"""Which device it becomes, and the cores that we were granted."""

import os
from pathlib import Path

import pytest

from everfit import gpu
from everfit.errors import NoGpu
from everfit.models import _machine, cores


def test_cpu_is_cpu_whatever_there_is() -> None:
    assert _machine.choose("cpu", built_with_cuda=True) == "cpu"


def test_auto_follows_the_machine() -> None:
    chosen = _machine.choose("auto", built_with_cuda=True)
    assert chosen == ("cuda" if gpu.lacking() is None else "cpu")
    assert _machine.choose("auto", built_with_cuda=False) == "cpu"


@pytest.mark.parametrize("wanted", ["cuda", "cuda:0", "cuda:97"])
def test_asking_for_a_gpu_that_is_not_there_is_refused_with_the_reason(wanted: str) -> None:
    with pytest.raises(
        NoGpu, match=f"'{wanted}' was asked for, but this build of XGBoost cannot use one; ask for 'auto'"
    ):
        _machine.choose(wanted, built_with_cuda=False)
    if (obstacle := gpu.lacking(gpu.ordinal(wanted) or 0)) is not None:
        with pytest.raises(NoGpu) as refused:
            _machine.choose(wanted, built_with_cuda=True)
        assert refused.value.why == obstacle


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
    monkeypatch.setattr(cores, "CGROUP", tmp_path / "cpu.max")
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota + "\n")
    assert cores.cores() == wanted
