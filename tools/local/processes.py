"""Start service processes, recognise them later, and end them with everything that they started.

Each service leads its own session, so whatever it forks can be found by the session's id, even after its leader has
gone. A recorded pid counts only together with its start time: the system reuses pids, and we end only what is ours.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from tools.local.files import read_json, write_json

MARK = "EVERFIT_INSTANCE"
TITLE = "airflow "


@dataclass(frozen=True)
class Recorded:
    """A process that was started: its name, pid (also its session) and start time in seconds."""

    name: str
    pid: int
    started: float


def start(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path) -> Recorded:
    """Start a service in its own session; what it says goes to `log`, the log of the run before to `<log>.1`."""
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=dict(environment), cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    return Recorded(name, process.pid, psutil.Process(process.pid).create_time())


def alive(recorded: Recorded) -> bool:
    """Whether that very process still runs (not another one that got its pid, not a zombie)."""
    try:
        process = psutil.Process(recorded.pid)
        return bool(process.create_time() == recorded.started and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def members(recorded: Iterable[Recorded], mark: str, known: Iterable[int] = ()) -> list[psutil.Process]:
    """The living processes of those sessions.

    While the leader lives, its session is ours by the start time, and one in `known` has been seen to be ours: the
    system gives a session's number to nobody else while anything of it is left. Else a member must carry our mark.
    """
    leaders = {one.pid: one.pid in known or alive(one) for one in recorded}
    found = []
    for process in psutil.process_iter():
        try:
            session = os.getsid(process.pid)
            if session not in leaders or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if leaders[session] or _marked(process, mark):
                found.append(process)
        except (psutil.Error, ProcessLookupError, PermissionError):
            continue  # ended meanwhile, or somebody else's
    return found


def _marked(process: psutil.Process, mark: str) -> bool:
    """Whether it carries our mark, or is one of Airflow's: they write a title over their environment."""
    environment = process.environ()
    titled = " ".join(process.cmdline()).startswith(TITLE)
    return environment.get(MARK) == mark or (titled and MARK not in environment)


def end(recorded: Sequence[Recorded], mark: str, patience: float = 3) -> int:
    """End those services and all that they started, and return how many processes that were.

    A service is asked first and ends its own children in its own order; after `patience` seconds all that is left is
    asked, and a second later killed. (Airflow's triggerer has cleaned up by then, but never ends by itself.)
    """
    known = [one.pid for one in recorded if alive(one)]
    running = members(recorded, mark)
    ended = {process.pid for process in running}
    began = time.monotonic()
    leaders = {one.pid for one in recorded}
    _signal([process for process in running if process.pid in leaders], signal.SIGTERM)
    while running := members(recorded, mark, known):
        ended |= {process.pid for process in running}
        waited = time.monotonic() - began
        if waited > patience:
            _signal(running, signal.SIGTERM if waited < patience + 1 else signal.SIGKILL)
        _reap(recorded)
        time.sleep(0.05)
    _reap(recorded)
    return len(ended)


def save(path: Path, recorded: Sequence[Recorded]) -> None:
    """Keep the list of started processes."""
    write_json(path, [asdict(one) for one in recorded])


def load(path: Path) -> tuple[Recorded, ...]:
    """The processes that were started last, whether they still run or not."""
    kept = read_json(path)
    return tuple(Recorded(**one) for one in kept) if isinstance(kept, list) else ()


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def _signal(running: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in running:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _reap(recorded: Iterable[Recorded]) -> None:
    """Collect our own dead children, else they stay as zombies for as long as we live."""
    for one in recorded:
        with suppress(ChildProcessError):
            os.waitpid(one.pid, os.WNOHANG)
