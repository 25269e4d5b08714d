"""`python -m tools.local up|down|status`: what `make up`, `make down` and `make status` call."""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from tools.local import stack
from tools.local.credentials import USER
from tools.local.errors import StackError
from tools.local.paths import Paths


def main(arguments: list[str] | None = None) -> int:
    """Do what the word says; 0 if it worked."""
    parser = argparse.ArgumentParser(prog="python -m tools.local", description=__doc__)
    parser.add_argument("word", choices=("up", "down", "status"))
    parser.add_argument("--instance", default="up", help="a name under .everfit/, or a folder (default: up)")
    asked = parser.parse_args(arguments)
    console = Console(highlight=False)
    try:
        return {"up": _up, "down": _down, "status": _status}[asked.word](console, asked.instance)
    except StackError as error:
        console.print(Panel(str(error), title="[bold]everfit could not start[/]", border_style="red"), style="")
        return 1


def _up(console: Console, instance: str) -> int:
    began = time.monotonic()
    with console.status("Starting Airflow, MLflow and the model server ..."):
        running = stack.up(instance, lambda text: console.print(f"  [dim]{text}[/]"))
    took = f"Started in {time.monotonic() - began:.0f} s." if running.started else "Already running."
    console.print(_card(running, took))
    return 0


def _down(console: Console, instance: str) -> int:
    with console.status("Ending what was started ..."):
        ended = stack.down(instance)
    console.print(f"Ended {ended} processes." if ended else "Nothing was running.")
    return 0


def _status(console: Console, instance: str) -> int:
    running, alive = stack.status(instance)
    if running is None:
        console.print(f"Nothing runs in {Paths.of(instance).state}. Start it with: make up")
        return 1
    console.print(_card(running, ""))
    for name, lives in alive.items():
        console.print(f"  {'[green]runs[/]' if lives else '[red]ended[/]'}  {name}")
    return 0 if all(alive.values()) else 1


def _card(running: stack.Stack, took: str) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("Airflow", f"[link]{running.airflow_url}[/]")
    table.add_row("", f"user [bold]{USER}[/], password [bold]{running.credentials.password}[/]")
    table.add_row("MLflow", running.mlflow_url)
    table.add_row("Model server", running.server_url)
    table.add_row("Logs", str(running.paths.logs))
    table.add_row("Landing", str(running.paths.landing))
    end = "make down" if running.paths.name == "up" else f"make down INSTANCE={running.paths.name}"
    table.add_row("To end it", end)
    return Panel(table, title=took or None, title_align="left", border_style="green", expand=False)


if __name__ == "__main__":
    sys.exit(main())
