"""A death for want of memory is told apart from any other, and the next try takes less."""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from everfit.errors import OutOfMemory
from everfit.models import Trained
from everfit.steps.dying import NO_LIMIT, Allowed, Kills, Mark, allow, kills, marked, within_memory
from everfit.testing.fakes import MemoryStore

HERE = Kills("boot cgroup 7", 3, 8_000_000_000)
MARK = Mark(HERE, 0, "00000020-x")
KEY = "checkpoints/m/r/try.json"
TRAINED = Trained(b"", "cpu", 1, 0.0, 1, {}, {}, {"matrix": "in memory"})


@pytest.mark.parametrize(
    ("before", "now", "checkpoint", "memory", "why"),
    [
        (None, HERE, "", 0, ""),
        (MARK, HERE, "00000020-x", 0, "was killed, and not for memory"),
        (MARK, replace(HERE, count=4), "00000020-x", 4_000_000_000, "the kernel counts 4 such kills here, 3 before"),
        (replace(MARK, memory=1000), replace(HERE, count=4), "", 500, "was killed for memory"),
        (replace(MARK, memory=1000), HERE, "", 1000, "not for memory"),
        (replace(MARK, starved=True), HERE, "", 4_000_000_000, "got no memory any more"),
        (MARK, replace(HERE, where="new pod", count=0), "00000020-x", 4_000_000_000, "container of 8.0 GB, perhaps"),
        (MARK, replace(HERE, where="new pod", count=0), "00000040-x", 0, "nothing says that it was for memory"),
        (replace(MARK, kills=replace(HERE, limit=0)), replace(HERE, where="other"), "00000020-x", 0, "died elsewhere"),
        (replace(MARK, kills=Kills("a", 0, 0)), Kills("a", 1, 0), "", 3_000_000_000, "was killed for memory"),
    ],
)
def test_what_the_next_try_may_take(before: Mark | None, now: Kills, checkpoint: str, memory: int, why: str) -> None:
    found = allow(before, now, checkpoint, free=6_000_000_000)
    assert found.memory == memory
    assert why in found.why


def test_a_mark_outlives_a_kill_and_nothing_else() -> None:
    store, said = MemoryStore(), []
    with marked(store, KEY, "", said.append):
        assert store.exists(KEY)
    assert not store.exists(KEY)
    with pytest.raises(KeyError), marked(store, KEY, "", said.append):
        raise KeyError
    assert not store.exists(KEY)
    assert said == []
    with pytest.raises(MemoryError), marked(store, KEY, "", said.append):
        raise MemoryError
    with marked(store, KEY, "", said.append) as allowed:
        assert allowed.memory > 0
    assert "got no memory any more: now with at most" in said[0]


def test_a_try_given_up_leaves_the_mark_of_its_retry_alone() -> None:
    store = MemoryStore()
    with marked(store, KEY, "", print):
        store.write(KEY, b'{"the retry": 1}')
    assert store.read(KEY) == b'{"the retry": 1}'


def test_a_mark_that_nobody_understands_is_none() -> None:
    store = MemoryStore()
    store.write(KEY, b"{]")
    with marked(store, KEY, "", print) as allowed:
        assert allowed == Allowed(0)


def test_too_little_memory_is_tried_again_with_half() -> None:
    tried: list[int] = []

    def fit(memory: int) -> Trained:
        tried.append(memory)
        if len(tried) < 3:
            raise MemoryError("std::bad_alloc")
        return TRAINED

    said: list[str] = []
    trained = within_memory(fit, Allowed(8_000), said.append)
    assert tried == [8_000, 4_000, 2_000]
    assert said[0].startswith("there was not enough memory (std::bad_alloc): now with at most")
    assert trained.facts["matrix"] == "in memory"
    assert "not enough memory" in trained.facts["memory"]


def test_a_training_that_never_fits_says_so() -> None:
    def fit(_: int) -> Trained:
        raise MemoryError("std::bad_alloc")

    with pytest.raises(OutOfMemory, match=r"does not fit into memory, .*std::bad_alloc.*give the task more memory"):
        within_memory(fit, Allowed(0), print)


def test_what_is_allowed_because_of_a_death_is_in_the_facts() -> None:
    assert within_memory(lambda _: TRAINED, Allowed(0), print).facts == TRAINED.facts
    killed = within_memory(lambda _: TRAINED, Allowed(2_000_000_000, "killed for memory"), print)
    assert killed.facts["memory"] == "at most 2 GB: killed for memory"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("boot\n")
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/vmstat").write_text("pgfault 12\noom_kill 5\n")
    return tmp_path / "proc"


def groups(proc: Path, said: str, **files: str) -> Path:
    (proc / "self/cgroup").write_text(said)
    top = proc.parent / "cgroup"
    for name, text in files.items():
        path = top / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return top


def test_the_count_of_our_control_group(proc: Path) -> None:
    events = "low 0\nmax 9\noom 2\noom_kill 2\noom_group_kill 0\n"
    top = groups(proc, "0::/pod/a\n", pod__a__memory_dot_events=events, pod__a__memory_dot_max="1000\n")
    found = kills(proc, top)
    assert (found.count, found.limit) == (2, 1000)
    assert found.where.startswith(f"boot {top}/pod/a ")


def test_the_count_as_a_container_sees_its_own_group(proc: Path) -> None:
    top = groups(proc, "0::/../x\n", memory_dot_events="oom_kill 1\n", memory_dot_max="max\n")
    assert (kills(proc, top).count, kills(proc, top).limit) == (1, 0)


def test_the_count_of_version_1(proc: Path) -> None:
    said = "4:memory:/a\n1:cpu,cpuacct:/\n"
    top = groups(
        proc,
        said,
        memory__a__memory_dot_oom_control="under_oom 0\noom_kill 6\n",
        memory__a__memory_dot_limit_in_bytes=f"{NO_LIMIT * 8 - 4096}\n",
    )
    assert (kills(proc, top).count, kills(proc, top).limit) == (6, 0)


def test_without_a_control_group_it_is_the_machines(proc: Path) -> None:
    assert kills(proc, groups(proc, "0::/\n")) == Kills("boot", 5, 0)
    assert kills(proc / "nothing", proc) == Kills("", 0, 0)


def test_this_very_machine_is_understood() -> None:
    assert kills() == kills()
    assert kills().where


STARVED = """
import sys
import numpy as np, xgboost
from everfit.models import Rows, Terms, Training
from everfit.models.xgboost import XGBoost
rows = Rows(np.random.default_rng(0).normal(size=(400_000, 40)).astype("float32"), np.zeros(400_000, "float32"))
rows.labels[::3] = 1
few = rows.take(slice(100))
XGBoost(rounds=1).fit(Training("binary", [f"x{i}" for i in range(40)], ["q"] * 40, few, few), Terms("cpu", 0, print))
import resource
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 20_000_000, resource.RLIM_INFINITY))
try:
    XGBoost(rounds=5).fit(
        Training("binary", [f"x{i}" for i in range(40)], ["q"] * 40, rows, few), Terms("cpu", 0, print)
    )
except MemoryError as error:
    print("MEMORY", type(error).__name__)
"""


def test_memory_that_xgboost_does_not_get_is_a_memory_error() -> None:
    """For real: the process may take 20 MB more than it has, and the matrix takes about as many."""
    done = subprocess.run([sys.executable, "-c", STARVED], capture_output=True, text=True, check=False, timeout=120)
    assert "MEMORY MemoryError" in done.stdout, done.stderr[-2000:]
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
