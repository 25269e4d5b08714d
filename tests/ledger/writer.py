"""A process that appends to a ledger, for tests of many at once and of sudden deaths."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from everfit.errors import EverfitError
from everfit.ledger import Ledger, View
from everfit.ledger.entries import DeploymentFailed
from everfit.stores import LocalStore


def race(ledger: Ledger, name: str, rounds: int) -> None:
    """In each round claim one key that all want, and one of one's own."""
    print("ready", flush=True)
    sys.stdin.readline()
    for round_ in range(rounds):
        ledger.append(f"all:{round_}", DeploymentFailed(0, name))
        ledger.append(f"{name}:{round_}", DeploymentFailed(0, name))


def endless(ledger: Ledger, name: str) -> None:
    """Append until killed, and say what has been appended, one whole line at a time."""
    for number in itertools.count():
        entry = ledger.append(f"{name}:{number}", DeploymentFailed(0, name * 200))
        os.write(1, f"{entry.seq} {entry.sha256}\n".encode())


def stopped(ledger: Ledger, name: str) -> None:
    """Take over some work, then freeze in the middle of deciding."""
    fence = ledger.open("work", name)

    def make(_: View) -> DeploymentFailed:
        os.kill(os.getpid(), signal.SIGSTOP)
        return DeploymentFailed(0, f"by {name}")

    try:
        print(ledger.decide("result", make, fence).body)
    except EverfitError as error:
        print(type(error).__name__)


if __name__ == "__main__":
    what, store, who, *more = sys.argv[1:]
    cache = Path(os.environ["PACK"]) if "PACK" in os.environ else None
    log = Ledger("m", LocalStore(Path(store)), lambda: datetime.now(UTC), cache)
    if what == "race":
        race(log, who, int(more[0]))
    else:
        {"endless": endless, "stopped": stopped}[what](log, who)
