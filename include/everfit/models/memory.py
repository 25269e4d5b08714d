"""Memory: how much of it this process may still take, and the most that something took."""

from __future__ import annotations

import resource
from pathlib import Path
from weakref import WeakSet

SHARE = 0.7
"""What a training may take of the memory that is free: the rest is for the page cache and for whoever comes next."""

CGROUPS = Path("/sys/fs/cgroup")
PROC = Path("/proc")
MB = 10**6


def available(cgroups: Path = CGROUPS, proc: Path = PROC) -> int:
    """Bytes that this process could still take: the least that is left in its control groups (v2) and on the machine.

    What the kernel keeps of files and would give back (`inactive_file`) counts as left. 0 if nobody says.
    """
    left = [*_left_in_groups(cgroups, proc), *_left_on_machine(proc)]
    return max(0, min(left)) if left else 0


class Peak:
    """The most memory that this process holds from now on.

    `ru_maxrss` would not do: it never falls by itself, so that of several steps in one process each has the peak of the
    largest one before it. Linux lets a process set its own high-water mark back (5 to `/proc/self/clear_refs`;
    proc(5)), so the peak is the kernel's, to the page and for nothing. Several may be open at once, one inside another.
    Where there is no such file, or it may not be written, it is the peak of the process' whole life: never too little.

    >>> peak = Peak()
    >>> block = bytearray(64 * MB)
    >>> 64 * MB <= peak.bytes() < peak.held()
    True
    """

    def __init__(self) -> None:
        self._most, high = 0, _high_water()
        for other in _OPEN:
            other._most = max(other._most, high)
        _set_back()
        self._before = resident() or high
        _OPEN.add(self)

    def bytes(self) -> int:
        """The peak so far, beyond what was held before."""
        return self.held() - self._before

    def held(self) -> int:
        """Bytes that were held at the peak so far, together with what was held before."""
        return max(self._most, _high_water())


_OPEN: WeakSet[Peak] = WeakSet()


def resident() -> int:
    """The bytes of memory that this process holds now; 0 if nobody says."""
    return _status("VmRSS")


def in_words(size: float) -> str:
    """Bytes for people.

    >>> in_words(340_400_000), in_words(21_300_000_000)
    ('340 MB', '21.3 GB')
    """
    return f"{size / MB:,.0f} MB" if size < 1000 * MB else f"{size / (1000 * MB):,.1f} GB"


def _left_in_groups(cgroups: Path, proc: Path) -> list[int]:
    """What is left in the process' own control group and in each above it; most of them have no limit."""
    try:
        lines = (proc / "self/cgroup").read_text().splitlines()
    except OSError:
        return []
    own = next((line[3:] for line in lines if line.startswith("0::")), "/")
    here = cgroups / own.lstrip("/")
    return [left for group in (here, *here.parents) if (left := _left_in(group)) is not None]


def _left_in(group: Path) -> int | None:
    try:
        limit = (group / "memory.max").read_text().strip()
        if not limit.isdigit():
            return None
        held = int((group / "memory.current").read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    return int(limit) - held + int(stat.get("inactive_file", 0))


def _left_on_machine(proc: Path) -> list[int]:
    try:
        lines = (proc / "meminfo").read_text().splitlines()
    except OSError:
        return []
    return [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]


def _high_water() -> int:
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _status(name: str) -> int:
    try:
        lines = (PROC / "self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)


def _set_back() -> None:
    try:
        (PROC / "self/clear_refs").write_text("5")
    except OSError:
        return
