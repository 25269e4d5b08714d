"""Show what is wrong with a model, since when, and who was told.

It exits with 1 if anything is open, also if people know of it and have silenced it. Nothing is sent: that is what the
DAG everfit_alerts does.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from everfit.cli.opened import now, opened, person
from everfit.errors import SpecError
from everfit.spec import load_spec, spec_names

if TYPE_CHECKING:
    from datetime import datetime

    from everfit.alerts import Incident
    from everfit.ledger import View

STYLES = {"critical": "bold red", "warning": "yellow"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, and an incident of which nobody wants to be reminded."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="the model; default: all of them")
    said = "remind nobody of this open incident any more; the reason is written into the ledger"
    parser.add_argument("--silence", nargs=2, metavar=("INCIDENT", "REASON"), help=said)


def run(args: argparse.Namespace, console: Console) -> int:
    """Show the worst first."""
    from everfit.steps.alert import incidents, silence

    ports, at = opened(), now()
    if args.silence:
        incident, reason = args.silence
        if not args.name or not reason.strip():
            raise SpecError("to silence an incident, name the model and say why: NAME --silence INCIDENT REASON")
        silence(ports, load_spec(args.name), incident, reason, person())
    open_ones = 0
    for name in [args.name] if args.name else spec_names():
        spec, view = load_spec(name), ports.ledger(name).view()
        found = incidents(view, spec, at)
        open_ones += len(found)
        console.print(Text(f"{name}: {'nothing is wrong' if not found else f'{len(found)} open'}", "bold"))
        for one in found:
            _show(console, one, view, at)
    return 1 if open_ones else 0


def _show(console: Console, one: Incident, view: View, at: datetime) -> None:
    from everfit.alerts.incident import lasting, moment

    head = Text.assemble(
        (f"{one.severity.value:<9}", STYLES[one.severity.value]),
        (one.title, "bold"),
        f", since {moment(one.since)} ({lasting(at - one.since)})",
    )
    lines = [one.what, f"to do: {one.do}"]
    dim = [f"{one.key}; {one.evidence}", _told(one, view)]
    console.print(head)
    console.print(Padding(Text("\n").join([*map(Text, lines), *(Text(line, "dim") for line in dim)]), (0, 0, 1, 9)))


def _told(one: Incident, view: View) -> str:
    """Who has heard of it, and whether somebody wants to hear no more."""
    from everfit.alerts.incident import moment
    from everfit.alerts.news import heard_on, silenced_by

    heard = [f"{channel} on {moment(when)}" for channel, when in heard_on(view, one.key).items()]
    silenced = silenced_by(view, one)
    said = f"told: {', '.join(heard)}" if heard else "nobody has been told"
    return f"{said}; silenced by {silenced.by}: {silenced.reason}" if silenced else said
