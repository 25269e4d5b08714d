"""Answer logged requests again offline, and compare with what the model server said.

It exits with 1 if an answer is another one: the server's features, libraries or files are not those of the version.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.text import Text

from everfit.cli.opened import opened
from everfit.spec import load_spec


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, and how many rows."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("--rows", type=int, default=1000, help="so many of the newest rows; default: 1000")


def run(args: argparse.Namespace, console: Console) -> int:
    """Check, and say what was found."""
    from everfit.steps.check_served import check_served

    found = check_served(opened(), load_spec(args.name).name, args.rows)
    console.print(Text(found.words, "green" if found.rows and found.alike else "yellow" if found.alike else "bold red"))
    return 0 if found.alike else 1
