"""The command line: `everfit`, or `python -m everfit`. One file per command, named as it is called.

A command's file has its help as the docstring, `arguments(parser)` and `run(args, console) -> exit code`. An error of
ours is printed as one message and ends with 1; a wrong argument ends with 2, as argparse has it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from types import ModuleType

from rich.console import Console
from rich.text import Text

from everfit.cli import (
    alerts,
    approve,
    card,
    check,
    erase,
    expectations,
    housekeeping,
    labels,
    ledger,
    line,
    lineage,
    monitor,
    new,
    override,
    pointers,
    predict,
    recall,
    reconcile,
    rehearse,
    reject,
    replay,
    reproduce,
    rollback,
    rollout,
    run,
    schema,
    score,
    served,
    verify,
    worth,
)
from everfit.errors import EverfitError

COMMANDS: tuple[ModuleType, ...] = (
    new,
    check,
    expectations,
    run,
    predict,
    ledger,
    line,
    lineage,
    card,
    score,
    served,
    monitor,
    alerts,
    approve,
    reject,
    override,
    verify,
    reconcile,
    rollout,
    labels,
    rollback,
    rehearse,
    replay,
    recall,
    erase,
    reproduce,
    worth,
    pointers,
    housekeeping,
    schema,
)
QUIET = {
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "OMP_WAIT_POLICY": "PASSIVE",
}


def main(argv: Sequence[str] | None = None, console: Console | None = None) -> int:
    """Do what the arguments say and return the exit code."""
    console = console or Console(highlight=False)
    args = _parser().parse_args(argv)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        code: int = args.command.run(args, console)
    except EverfitError as error:
        console.print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("stopped; nothing is lost: run the same command again and it goes on from there", style="yellow")
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="everfit", description="Keeps machine-learning models fit.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        help_text = (command.__doc__ or "").partition("\n\n")[0]
        name = command.__name__.rpartition(".")[2]
        sub = commands.add_parser(name, help=help_text.rstrip("."), description=command.__doc__)
        command.arguments(sub)
        sub.set_defaults(command=command)
    return parser
