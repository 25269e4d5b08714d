"""Refuse a promotion that waits for people.

Writes your answer into the ledger. One who rejects is enough: the version is not promoted, whoever approved it before.
"""

from __future__ import annotations

import argparse

from rich.console import Console

from everfit.cli.answering import answer_as_told, which_and_why


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, one of its runs, and why."""
    which_and_why(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Reject."""
    return answer_as_told(args, console, approved=False)
