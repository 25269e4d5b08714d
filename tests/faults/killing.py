"""kill -9 and SIGSTOP for Airflow's processes: those that the stack started, by their ids, and started anew."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from tools.local import processes
from tools.local.environment import process_environment
from tools.local.services import services
from tools.local.stack import Stack

SERVICES = ("scheduler", "triggerer", "dag-processor", "api-server", "execution-api")


def kill_service(stack: Stack, name: str) -> None:
    """End a service with all that it forked, as a machine that loses power does, and start it again."""
    kept = list(processes.load(_list(stack)))
    (one,) = [process for process in kept if process.name == name]
    with suppress(ProcessLookupError):
        os.killpg(one.pid, signal.SIGKILL)
    for process in processes.members([one], str(stack.paths.state), known=[one.pid]):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    with suppress(ChildProcessError):
        os.waitpid(one.pid, 0)
    (service,) = [known for known in services(stack.paths, stack.ports, stack.credentials) if known.name == name]
    environment = process_environment(service.environment, os.environ, str(stack.paths.state))
    log = stack.paths.logs / f"{name}.log"
    new = processes.start(name, service.command, environment, log, stack.paths.state)
    processes.save(_list(stack), [new if process.name == name else process for process in kept])


def kill_a_task(stack: Stack, chance: random.Random) -> bool:
    """End one process of a running task (its supervisor or its child); False if none runs."""
    running = at_work(stack)
    if not running:
        return False
    with suppress(psutil.NoSuchProcess):
        chance.choice(running).kill()
    return True


def at_work(stack: Stack) -> list[psutil.Process]:
    """The processes of running tasks: a supervisor and its child for each."""
    (one,) = [process for process in processes.load(_list(stack)) if process.name == "scheduler"]
    return [process for process in processes.members([one], str(stack.paths.state)) if _is_a_task(process)]


@contextmanager
def frozen(stack: Stack, *names: str) -> Iterator[None]:
    """These services stand still within the block."""
    groups = [process.pid for process in processes.load(_list(stack)) if process.name in names]
    try:
        for group in groups:
            os.killpg(group, signal.SIGSTOP)
        yield
    finally:
        for group in groups:
            os.killpg(group, signal.SIGCONT)


def _is_a_task(process: psutil.Process) -> bool:
    """An idle worker is left alone: it waits with the executor's lock in its hand, which would die with it."""
    with suppress(psutil.Error):
        title = " ".join(process.cmdline())
        return title.startswith("airflow worker -- ") and "<idle>" not in title
    return False


def _list(stack: Stack):
    return stack.paths.state / "processes.json"
