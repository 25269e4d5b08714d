"""Whether the try before this one died for want of memory, and how much this one may take therefore.

A process that is killed says nothing. What it can do is to leave a mark when it begins and to take it away when it
ends, whatever it ends with. Whoever finds a mark finds a death, and compares the kernel's count of processes that it
killed for memory with the one in the mark.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import OutOfMemory
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    from everfit.models import Trained
    from everfit.ports import Progress, Store

NO_LIMIT = 1 << 60
TRIES = 3
"""With all of the memory, half of it, a quarter of it."""


@dataclass(frozen=True)
class Kills:
    """How many processes the kernel has killed for memory `where` we are (machine and container), and how many bytes
    may be taken there (0: all that the machine has)."""

    where: str
    count: int
    limit: int


@dataclass(frozen=True)
class Mark:
    """What a try leaves when it begins: where that was, how many bytes it may take (0: as many as it likes), and the
    newest checkpoint that was there.

    `starved` is True once it has itself noticed that it got no memory.
    """

    kills: Kills
    memory: int
    checkpoint: str = ""
    starved: bool = False


@dataclass(frozen=True)
class Allowed:
    """How many bytes a try may take (0: as many as it likes), and why it is not what it was before."""

    memory: int
    why: str = ""


UNBOUNDED = Allowed(0)


def allow(before: Mark | None, now: Kills, checkpoint: str, free: int) -> Allowed:
    """What the next try may take after the one that left this mark, where the newest `checkpoint` is there now.

    In another container than before there is nothing to compare: the kernel's count died with the old one. A try that
    was under a limit and died before it had kept any checkpoint is then taken for one that needed more than it got;
    the model's bytes are the same either way.
    """
    if before is None:
        return UNBOUNDED
    if before.starved:
        return Allowed(_less(before, free), "the try before got no memory any more")
    count = before.kills.count
    if before.kills.where == now.where:
        if now.count == count:
            return Allowed(before.memory, "the try before was killed, and not for memory")
        why = f"the try before was killed for memory (the kernel counts {now.count} such kills here, {count} before it)"
        return Allowed(_less(before, free), why)
    if before.kills.limit and before.checkpoint == checkpoint:
        why = f"the try before died with its container of {before.kills.limit / 1e9:.1f} GB, perhaps for memory"
        return Allowed(_less(before, free), why)
    return Allowed(before.memory, "the try before died elsewhere; nothing says that it was for memory")


def _less(before: Mark, free: int) -> int:
    return (before.memory or before.kills.limit or free) // 2


@contextmanager
def marked(store: Store, key: str, checkpoint: str, progress: Progress) -> Iterator[Allowed]:
    """Do something that may be killed, with the memory that the death of the try before leaves it.

    `checkpoint` is the newest that is there.
    """
    now = kills()
    allowed = allow(_read(store, key), now, checkpoint, free())
    if allowed.why:
        progress(f"{allowed.why}{in_words(allowed.memory)}")
    mark = Mark(now, allowed.memory, checkpoint)
    store.write(key, canonical(dump(mark)))
    try:
        yield allowed
    except MemoryError:
        store.write(key, canonical(dump(replace(mark, starved=True))))
        raise
    except BaseException:
        _remove(store, key, mark)
        raise
    _remove(store, key, mark)


def within_memory(fit: Callable[[int], Trained], allowed: Allowed, progress: Progress) -> Trained:
    """Fit with the memory that is allowed, and with half of it when that was too much.

    Errors: `OutOfMemory` when even a small part of it is too much.
    """
    memory, why = allowed.memory, allowed.why if allowed.memory else ""
    for _ in range(TRIES):
        try:
            trained = fit(memory)
        except MemoryError as error:
            said = str(error) or "no memory"
        else:
            facts = {"memory": f"at most {memory / 1e9:.2g} GB: {why}"} if why else {}
            return replace(trained, facts={**trained.facts, **facts})
        memory = (memory or kills().limit or free()) // 2
        why = f"there was not enough memory ({said})"
        progress(f"{why}{in_words(memory)}")
    raise OutOfMemory(
        f"the training does not fit into memory, not even with {2 * memory / 1e9:.2g} GB of it ({said}); "
        "give the task more memory, or train on fewer batches or columns"
    )


def in_words(memory: int) -> str:
    """What is made of it."""
    return f": now with at most {memory / 1e9:.2g} GB, the rest on disk" if memory else ""


def kills(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> Kills:
    """The kernel's count for our control group (version 2 or 1), or for the whole machine where there is none."""
    boot = _text(proc / "sys/kernel/random/boot_id").strip()
    for folder, events, limit in _groups(_text(proc / "self/cgroup"), cgroups):
        count = _counted(_text(folder / events))
        if count is not None:
            most = _text(folder / limit).strip()
            bounded = most.isdigit() and int(most) < NO_LIMIT
            return Kills(f"{boot} {folder} {folder.stat().st_ino}", count, int(most) if bounded else 0)
    return Kills(boot, _counted(_text(proc / "vmstat")) or 0, 0)


def free() -> int:
    """How many bytes a new process could get on this machine."""
    import psutil

    return int(psutil.virtual_memory().available)


def _groups(said: str, cgroups: Path) -> Iterator[tuple[Path, str, str]]:
    """Where our control group's files may be: by the path that we know, or at the top of a container's own view."""
    for line in said.splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            for folder in (cgroups / path.lstrip("/"), cgroups):
                yield folder, "memory.events", "memory.max"
        elif "memory" in controllers.split(","):
            for folder in (cgroups / "memory" / path.lstrip("/"), cgroups / "memory"):
                yield folder, "memory.oom_control", "memory.limit_in_bytes"


def _counted(text: str) -> int | None:
    found = (line.split() for line in text.splitlines())
    return next((int(words[1]) for words in found if words[:1] == ["oom_kill"]), None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _read(store: Store, key: str) -> Mark | None:
    try:
        return load(Mark, json.loads(store.read(key)))
    except (FileNotFoundError, ValueError):  # none, or another version's
        return None


def _remove(store: Store, key: str, mine: Mark) -> None:
    """Unless a newer try has put its own there."""
    if _read(store, key) == mine:
        store.delete(key)
