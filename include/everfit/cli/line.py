"""Show who waits to be trained, in which order, and why.

The line is that of the models whose spec says `train.pool.order: gain`. It is ordered by when a run came, less its
lead: twelve hours for each point.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from everfit.cli.opened import now, opened

if TYPE_CHECKING:
    from everfit.steps.line import Place


def arguments(parser: argparse.ArgumentParser) -> None:
    """A pool, or all of them."""
    parser.add_argument("pool", metavar="POOL", nargs="?", help="only this pool")


def run(args: argparse.Namespace, console: Console) -> int:
    """Print one table for each pool that somebody waits for."""
    from everfit.steps.line import places, pools

    store, at = opened().store, now()
    found = [places(store, pool, at) for pool in pools(store) if args.pool in (None, pool)]
    for each in filter(None, found):
        console.print(table(each, at))
    if not found:
        console.print(Text(f"nobody waits for {f'the pool {args.pool}' if args.pool else 'a pool'}"))
    return 0


def table(places: tuple[Place, ...], at: datetime) -> Table:
    """The line of one pool, the first one first; dim is who is passed over."""
    pool = places[0].ticket.pool
    made = Table(title=f"Pool {pool}", title_justify="left", box=None, header_style="dim", pad_edge=False)
    made.add_column("place", justify="right", no_wrap=True)
    made.add_column("model", no_wrap=True)
    made.add_column("waits", justify="right", no_wrap=True)
    made.add_column("lead", justify="right", no_wrap=True)
    made.add_column("why")
    made.add_column("run", style="dim")
    number = 0
    for place in places:
        number += place.counts
        ticket = place.ticket
        words = ticket.priority.words if place.counts else "passed over: nobody answers for it"
        why = Text(f"next: waits for a free slot; {words}" if place.counts and place.called else words)
        style = "dim" if not place.counts else "bold green" if place.called else ""
        lead = f"{ticket.priority.lead:+.2f}"
        shown = str(number) if place.counts else "-"
        made.add_row(shown, ticket.model, _since(at - ticket.came), lead, why, ticket.run, style=style)
    return made


def _since(time: timedelta) -> str:
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"
