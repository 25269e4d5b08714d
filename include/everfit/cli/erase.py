"""Erase a person's rows from every batch, and from everything that was made of them.

Each batch in use that has such rows becomes a new version without them; the old bytes are deleted, and so are copies of
deliveries, feature tables, evidence and samples made of them. Models that learnt from the rows are frozen, as in a
recall. The keys are written nowhere: the ledger has their salted SHA-256. Ends with 1 if something is left for a person
to do. Run it again after a crash: it goes on from there, and ends with a search that finds nothing.
"""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from everfit.cli.ledger import standing
from everfit.cli.opened import opened, person
from everfit.cli.reason import ask_for_reason
from everfit.cli.recall import tell
from everfit.cli.telling import Line
from everfit.errors import DataError
from everfit.spec import ModelSpec, load_spec

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.steps.erase import ErasureOrder
    from everfit.steps.erasure_search import Found
    from everfit.steps.withdraw import Withdrawal


def arguments(parser: argparse.ArgumentParser) -> None:
    """Models, a table, a column, and the keys of the rows."""
    parser.add_argument("names", metavar="NAME", nargs="+", help="the models whose batches have the rows")
    parser.add_argument("--table", required=True, metavar="T", help="the table that has the rows")
    parser.add_argument("--column", required=True, metavar="C", help="the column by which they are known")
    keys = parser.add_mutually_exclusive_group(required=True)
    keys.add_argument("--key-file", type=Path, metavar="FILE", help="one value of the column per line; seen by nobody")
    keys.add_argument("--key", metavar="V", help="one value; other users of the machine can see it while this runs")
    ask_for_reason(parser, "why: it is written into the ledger, so name nobody")
    parser.add_argument("--by", metavar="WHO", help="who says so; default whoever is logged in")
    parser.add_argument("--dry-run", action="store_true", help="show what would be erased, and do nothing")


def run(args: argparse.Namespace, console: Console) -> int:
    """Erase from one model after the other, then say what nobody but a person can do."""
    from everfit.steps.erase import ErasureOrder, erase, sought_in
    from everfit.steps.erasure_search import search

    ports, specs = opened(), [load_spec(name) for name in args.names]
    order = ErasureOrder(args.table, args.column, _keys(args), args.reason, args.by or person(), secrets.token_hex(16))
    found = {}
    for spec in specs:
        with console.status(f"[bold]{spec.name}[/bold]") as status:
            found[spec.name] = search(ports, spec, sought_in(spec, order), Line(spec.name, status))
        _found(console, spec, order, found[spec.name])
    if args.dry_run:
        return 0
    left = False
    for spec in specs:
        with console.status(f"[bold]{spec.name}[/bold]") as status:
            done = erase(ports, spec, order, Line(spec.name, status))
        for one in done:
            tell(console, spec, one)
        console.print(standing(ports.ledger(spec.name).view()))
        left |= _left(console, ports, spec, found[spec.name], done)
    return int(left)


def _keys(args: argparse.Namespace) -> tuple[str, ...]:
    if args.key is not None:
        return (args.key,)
    try:
        keys = tuple(line.strip() for line in args.key_file.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{args.key_file} cannot be read as one key per line: {type(error).__name__}") from error
    if not keys:
        raise DataError(f"{args.key_file} has no keys; wanted one value of {args.column} per line")
    return keys


def _found(console: Console, spec: ModelSpec, order: ErasureOrder, found: Found) -> None:
    keys = len(order.wanted.keys)
    said = f"  {keys} key{'s' * (keys > 1)} of {order.table}.{order.column}: "
    if not found:
        console.print(Text.assemble((spec.name, "bold"), f"{said}no row anywhere"))
        return
    batches = ", ".join(f"{entry.body.batch.label} ({rows})" for entry, rows in found.batches) or "no batch"
    console.print(Text.assemble((spec.name, "bold"), f"{said}{found.rows} rows in {batches}"))
    console.print(f"  {len(found.delete)} files made of them or copied, {len(found.rewrite)} logs with such rows")


def _left(console: Console, ports: Ports, spec: ModelSpec, found: Found, done: tuple[Withdrawal, ...]) -> bool:
    """Say what is left to do, and whether anything is."""
    from everfit.steps.erase import shared_with

    view = ports.ledger(spec.name).view()
    todo = [f"delete {key} by hand: it cannot be read, so nobody knows what is in it" for key in found.unreadable]
    todo += [
        f"entry {seq} of the ledger names a key in its reasons; the ledger cannot be changed" for seq in found.told
    ]
    for model, labels in shared_with(ports, spec, [entry.body.batch for entry, _ in found.batches]).items():
        todo.append(
            f"{model} has files with the same bytes ({', '.join(labels)}), which stay until you erase there too"
        )
    todo += _models(view, done)
    if done:
        todo.append(f"take the rows out of the source, too: {spec.data.landing} in the landing place is only ever read")
        todo.append("delete the work folders (EVERFIT_WORK) of other machines: they may hold copies")
        todo.append("erase again once the model servers have sent their journals: they may hold predictions")
    if todo:
        console.print(Text("\nLeft for you to do:", "bold yellow"))
    for line in todo:
        console.print(Text(f"  - {line}"), soft_wrap=True)
    return bool(todo)


def _models(view: View, done: tuple[Withdrawal, ...]) -> list[str]:
    """What the touched versions may remember: deleting that is a person's decision, since one of them may serve."""
    runs = {version: view.versions[version].mlflow_run for one in done for version in one.versions}
    return [
        f"version {version} may remember the rows: delete it, its logged model and its run {run} in MLflow, and copies "
        "of it in work folders, once it serves no more (docs/how-to/erase-personal-data.md has the lines)"
        for version, run in sorted(runs.items())
    ]
