"""Bring a pointer to every accepted batch of all models into the git repository.

The DAG everfit_pointers does the same after every new batch.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.text import Text

from everfit.cli.opened import opened


def arguments(parser: argparse.ArgumentParser) -> None:
    """None: there is one repository for all models."""


def run(args: argparse.Namespace, console: Console) -> int:  # noqa: ARG001 - a command's signature
    """Publish, and say which revision holds what."""
    from everfit.steps.publish_pointers import publish_pointers

    ports = opened()
    published = publish_pointers(ports)
    for model, entry in published.upto.items():
        console.print(Text(f"{model}: all batches up to entry {entry}"))
    where = ports.pointers.url if ports.pointers else ""
    console.print(Text(f"{where} is at revision {published.revision or '(nothing to commit yet)'}"), soft_wrap=True)
    return 0
