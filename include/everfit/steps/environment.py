"""What a model was made with: Python, libraries, the project's revision, the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from everfit.values import digest

LIBRARIES = ("lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "xgboost", "xgboost-cpu")


@dataclass(frozen=True)
class Environment:
    """Python, the project's git revision ("" if there is none, `+changes` if files differ from it), system and CPU,
    the version of every installed package, the GPU ("" if there is none), and the `hardware` class of the CPU: what
    numerical libraries look at when they choose their code (`x86-64-v3`, `aarch64`)."""

    python: str
    revision: str
    system: str
    cpu: str
    cores: int
    packages: Mapping[str, str]
    gpu: str = ""
    hardware: str = ""


def environment(project: Path) -> Environment:
    """The environment of this process, and the revision of the git checkout that holds the folder `project`."""
    return Environment(
        python=platform.python_version(),
        revision=revision(project),
        system=platform.platform(),
        cpu=_cpu(),
        cores=os.cpu_count() or 0,
        packages=dict(sorted((d.metadata["Name"], d.version) for d in distributions() if d.metadata["Name"])),
        gpu=_gpu(),
        hardware=_hardware(),
    )


def libraries() -> dict[str, str]:
    """The versions of the libraries that decide what a model's bytes are."""
    return {"python": platform.python_version(), **{n: v for n in LIBRARIES if (v := _version(n))}}


def environment_hash(made_with: Environment) -> str:
    """The SHA-256 of Python's version and that of every installed package: equal environments, equal hash."""
    return digest({"python": made_with.python, "packages": dict(made_with.packages)})


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def revision(project: Path) -> str:
    """The git revision of the checkout that holds the folder, `+changes` if files differ from it; "" without git."""
    head = _git(project, "rev-parse", "HEAD")
    changed = head and _git(project, "status", "--porcelain", "--untracked-files=no", ".")
    return f"{head}+changes" if changed else head


def _git(project: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *words], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):  # no git here: the revision is not known
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


LEVELS = {
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "x86-64-v3": {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"},
    "x86-64-v2": {"cx16", "popcnt", "sse4_1", "sse4_2", "ssse3"},
}
"""What a processor of each class has beside the classes below, by the x86-64 psABI."""


def _hardware(said: Path = Path("/proc/cpuinfo")) -> str:
    """The highest class whose instructions the processor has, with those of all below."""
    machine = platform.machine()
    if machine != "x86_64" or not said.is_file():
        return machine
    lines = said.read_text(encoding="utf-8").splitlines()
    flags = set(next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), []))
    reached = "x86-64"
    for level, wanted in reversed(LEVELS.items()):
        if not wanted <= flags:
            break
        reached = level
    return reached


def _gpu(driver: Path = Path("/proc/driver/nvidia/gpus")) -> str:
    """What the driver calls the machine's first GPU."""
    for file in sorted(driver.glob("*/information")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("Model:"):
                return line.partition(":")[2].strip()
    return ""
