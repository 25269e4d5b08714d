"""What a task's log shows: the library's own words, without the chatter of the libraries below."""

from __future__ import annotations

import logging
from typing import NoReturn

_NOISY = (
    "alembic",
    "dvc",
    "dvc_data",
    "dvc_objects",
    "great_expectations",
    "httpx",
    "httpcore",
    "botocore",
    "matplotlib",
)


_STUBBORN = "great_expectations.data_context.types.base"
"""Sets its own level to INFO when it is imported, whatever its parents' is: four lines about temporary folders each."""

FOLD = 12
"""A block of more lines than a person reads at a glance is folded."""


def tell_library_logs() -> None:
    """Let `everfit` speak at INFO in this task, and the libraries below only to warn."""
    logging.getLogger("everfit").setLevel(logging.INFO)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_STUBBORN).addFilter(_warns)


def _warns(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def say(message: str) -> None:
    """One line of progress in the task log."""
    logging.getLogger("everfit.task").info(message)


def say_all(title: str, lines: list[str]) -> None:
    """A block of lines in the task log: open if it is short, else folded by Airflow's UI until somebody opens it."""
    if len(lines) <= FOLD:
        for line in (f"{title}:", *(f"  {line}" for line in lines)):
            say(line)
        return
    say(f"::group::{title}")
    for line in lines:
        say(line)
    say("::endgroup::")


def skip(reason: str) -> NoReturn:
    """End the task as skipped, and say why where a person reads it: Airflow itself says it in a folded block only."""
    from airflow.sdk.exceptions import AirflowSkipException

    say(f"skipped: {reason}")
    raise AirflowSkipException(reason)
