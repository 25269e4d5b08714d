"""Look at the champion in production: is it harmed, why, and what is to be done?

All monitors of the spec say what they found in what the champion has met since it was judged, the worst first. The look
goes into the ledger; if nothing is new since the last one, that is shown again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from everfit.cli.opened import opened
from everfit.cli.telling import MARKS
from everfit.errors import DataError
from everfit.spec import load_spec

if TYPE_CHECKING:
    from everfit.ledger.entries import Monitored
    from everfit.signals import Signal

TONES = {"good": "green", "bad": "red", "unsure": "yellow"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("--into", type=Path, metavar="FILE", help="write the report there too: one HTML file")


def run(args: argparse.Namespace, console: Console) -> int:
    """Look, and tell what was found."""
    from everfit.ledger.entries import Monitored
    from everfit.steps.monitor import monitor

    ports, spec = opened(), load_spec(args.name)
    said: list[str] = []
    with console.status("looking"):
        found = monitor(ports, spec, lambda message: said.append(message))  # noqa: PLW0108 - by this name
    console.print(Text(said[0], "dim"))  # what there was to look at; what each monitor said is told below
    if found is None:
        return 0
    looks = ports.ledger(spec.name).view().of(Monitored)
    console.print()
    tell(console, spec.name, found.body, [look.body for look in looks if look.seq < found.seq])
    if found.body.report:
        console.print(Text(f"\nreport {found.body.report} in {ports.store.url}", "dim"), soft_wrap=True)
        if args.into:
            if not ports.store.exists(found.body.report):  # it is a look of before that is shown again
                gone = f"{found.body.report} is gone: rows that it named were erased since"
                raise DataError(f"{gone}; the next look at newer rows has a page of its own")
            args.into.parent.mkdir(parents=True, exist_ok=True)
            args.into.write_bytes(ports.store.read(found.body.report))
            console.print(f"{args.into} written", soft_wrap=True)
    return 0


def tell(console: Console, model: str, found: Monitored, earlier: Sequence[Monitored]) -> None:
    """Print a look: what every monitor said, the worst first, then whether there is harm, and what to do."""
    from everfit.plots.monitoring.headline import headline, order

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("monitor", no_wrap=True)
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("bar", justify="right", no_wrap=True)
    table.add_column("", ratio=1)
    for signal in sorted(found.signals, key=order):
        mark, style = MARKS[signal.outcome]
        blind = f" (blind to {signal.blind_to})" if signal.blind_to else ""
        said = Text.assemble(signal.reason, (blind, "dim"))
        table.add_row(Text(f"{mark} {signal.monitor}", style), _measured(signal), _number(signal.bar), said)
    console.print(table)
    head = headline(model, found, earlier)
    tone = TONES[head.tone]
    console.print()
    console.print(Text(head.sentence, tone))
    console.print(Text.assemble((head.action, f"bold {tone}"), f"  {head.why}"))


def _measured(signal: Signal) -> str:
    """The effect and its interval.

    >>> from everfit.signals import Signal
    >>> from everfit.values import Outcome
    >>> _measured(Signal("quality", Outcome.PASSED, "", 0.01234, 0.005, 0.02))
    '0.0123 (0.005 to 0.02)'
    """
    if signal.low is None or signal.high is None or signal.low == signal.high:
        return _number(signal.effect)
    return f"{_number(signal.effect)} ({_number(signal.low)} to {_number(signal.high)})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
