"""Whether the services of an instance answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import httpx

from tools.local import processes
from tools.local.errors import StackError
from tools.local.processes import Recorded
from tools.local.services import Service


def ready(service: Service, since: float) -> bool:
    """Whether the service answers; a heartbeat counts only if it is from after `since` (seconds of the epoch)."""
    try:
        answer = httpx.get(service.url, timeout=10, trust_env=False)
        if answer.status_code != httpx.codes.OK:
            return False
        return not service.component or _beats(answer.json()[service.component], since)
    except httpx.HTTPError:
        return False


def _beats(component: dict[str, str | None], since: float) -> bool:
    beat = next((value for key, value in component.items() if key.endswith("heartbeat")), None)
    fresh = beat is None or datetime.fromisoformat(beat).timestamp() >= since
    return component["status"] == "healthy" and fresh


Started = tuple[Service, Recorded]


def wait(
    waiting: Sequence[Started], logs: Path, tell: Callable[[str], None], timeout: float = 120, until: str = ""
) -> list[Started]:
    """Return once all of them are ready, or the one named `until` is; what is left is returned.

    `StackError` with the end of its log for the first that dies or is late.
    """
    began = time.monotonic()
    left = list(waiting)
    while left:
        for service, process in tuple(left):
            if ready(service, process.started):
                tell(f"{service.name} answers after {time.time() - process.started:.1f} s")
                left.remove((service, process))
                if service.name == until:
                    return left
            elif not processes.alive(process):
                raise _failure(f"{service.name} ended while it was starting", logs / f"{service.name}.log")
            elif time.monotonic() - began > timeout:
                raise _failure(f"{service.name} does not answer after {timeout:g} s", logs / f"{service.name}.log")
        time.sleep(0.1)
    return left


def _failure(what: str, log: Path) -> StackError:
    return StackError(
        f"{what}. The end of its log:\n\n{processes.tail(log)}\n\n"
        f"The whole log: {log}\nMend what it says, then start again; everything that was started has been ended."
    )
