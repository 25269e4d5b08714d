"""Make a model version again from its lineage alone, and prove that the bytes are equal.

Reads the ledger, the version's MLflow run and its batches, and nothing of this checkout but the library: the spec and
the feature code are those of then. Ends with 0 if every file of the model is the same byte for byte, else with 1.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from everfit.cli.opened import now, opened, person
from everfit.cli.telling import Line
from everfit.errors import DataError
from everfit.settings import Place, open_ports

if TYPE_CHECKING:
    from everfit.steps.reproduce import Difference, Lineage, Reproduction


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model and one of its versions."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("version", metavar="VERSION", type=int, help="the version to make again")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="an empty folder to keep the model in")
    parser.add_argument("--anyway", action="store_true", help="even if this machine differs from the one of then")


def run(args: argparse.Namespace, console: Console) -> int:
    """Compare the environments, make the model, compare the files."""
    from everfit.steps.reproduce import differences, lineage_of

    lineage = lineage_of(opened(), args.name, args.version)
    _title(console, args.name, lineage)
    if not _as_then(console, differences(lineage)) and not args.anyway:
        console.print("\nThe bytes may differ for that alone. Make it where it was made, or say [bold]--anyway[/bold].")
        return 1
    if args.into is not None:
        return _make(console, lineage, args.into, kept=True)
    with tempfile.TemporaryDirectory(prefix="everfit-") as folder:
        return _make(console, lineage, Path(folder) / "clean", kept=False)


def _make(console: Console, lineage: Lineage, into: Path, *, kept: bool) -> int:
    from everfit.steps.reproduce import remember, reproduce

    if into.is_dir() and any(into.iterdir()):
        raise DataError(f"{into} is not empty; wanted an empty folder, or one that is not there yet")
    into = into.absolute()
    with console.status("[bold]reproduce[/bold]") as status:
        # Nothing that an earlier run left on this machine may take part: every byte comes from the remote anew.
        ports = open_ports(Place.from_file(), into / "fetched", now)
        made = reproduce(ports, lineage, into / "made", Line("reproduce", status))
    console.print(_files(made))
    if made.equal:
        remember(opened(), lineage, person())
        console.print(Text(f"version {lineage.version} was made again, byte for byte", "bold green"))
    else:
        console.print(Text(f"version {lineage.version} was NOT made again: files differ", "bold red"))
    if kept:
        console.print(f"it is in {made.folder}", soft_wrap=True)
    return int(not made.equal)


def _title(console: Console, name: str, lineage: Lineage) -> None:
    run = lineage.run
    console.print(Text.assemble((f"{name} {lineage.version}", "bold"), f"  run {run.run}, snapshot {run.snapshot}"))
    batches = ", ".join(f"{batch.label} {batch.sha256[:8]}" for batch in run.batches)
    console.print(f"batches   {batches}; the last {run.holdout} held out")
    console.print(f"code      {lineage.card.code[:12]}, spec {lineage.spec.spec_hash[:12]}, seed {lineage.card.seed}")
    where = f"made on   {lineage.device}, {lineage.made_with.cpu}, Python {lineage.made_with.python}\n"
    console.print(where, markup=False)


def _as_then(console: Console, found: tuple[Difference, ...]) -> bool:
    """Show what is different here; True if nothing is."""
    if not found:
        console.print(Text("this machine is as the one of then, as far as it matters", "green"))
        return True
    table = Table(box=None, header_style="dim", pad_edge=False)
    for title in ("differs", "then", "now"):
        table.add_column(title)
    for one in found:
        table.add_row(Text(one.what, "yellow"), one.then, one.now)
    console.print(table)
    return False


def _files(made: Reproduction) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for file in made.files:
        mark, style = ("✓", "green") if file.equal else ("✗", "red")
        told = (
            file.wanted[:16]
            if file.equal
            else f"{file.wanted[:16] or 'not there'} then, {file.made[:16] or 'not made'} now"
        )
        table.add_row(Text(mark, style), Text(file.name, style), Text(told, "dim" if file.equal else "red"))
    return table
