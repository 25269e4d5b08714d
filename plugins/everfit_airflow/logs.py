"""What a task's log shows: the library's own words, without the chatter of the libraries below."""

from __future__ import annotations

import logging

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


def tell_library_logs() -> None:
    """Let `everfit` speak at INFO in this task, and the libraries below only to warn."""
    logging.getLogger("everfit").setLevel(logging.INFO)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def say(message: str) -> None:
    """One line of progress in the task log."""
    logging.getLogger("everfit.task").info(message)


def say_all(title: str, lines: list[str]) -> None:
    """A foldable block of lines in the task log, as Airflow's UI understands it."""
    say(f"::group::{title}")
    for line in lines:
        say(line)
    say("::endgroup::")
