"""Agree to a promotion that waits for people.

Writes your approval into the ledger. With four eyes a second person has to approve, too. `everfit run`, or the model's
deploy DAG, then puts the version on the model server.
"""

from __future__ import annotations

import argparse

from rich.console import Console

from everfit.cli.answering import answer_as_told, which_and_why


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, one of its runs, and why."""
    which_and_why(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Approve."""
    return answer_as_told(args, console, approved=True)
