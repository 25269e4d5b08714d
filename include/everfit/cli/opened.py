"""The ports of this installation, opened for a person at a terminal."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from pathlib import Path

from everfit.ports import Ports
from everfit.settings import Place, open_ports, settings_file


def opened() -> Ports:
    """Everything a step needs, at the addresses of `airflow_settings.yaml`; local files go to `EVERFIT_WORK`."""
    work = os.environ.get("EVERFIT_WORK")
    return opened_in(Path(work) if work else settings_file().parent / ".everfit" / "work")


def opened_in(work: Path) -> Ports:
    """The same with local files elsewhere: in an empty folder, nothing is read but what the services have."""
    return open_ports(Place.from_file(), work, now)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def person() -> str:
    """Who sits at the terminal."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"  # a container may have a user id without a name
