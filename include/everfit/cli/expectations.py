"""Learn expectations from good batches (infer), or record that the ones there are count from now on (accept).

infer reads the accepted batches, or the folders after --from, and shows a diff of the suites in the model's folder.
With --write it makes the changes and records the new baseline in the ledger; without, nothing is written.
accept records the suites as they are, edited by hand.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from everfit.cli.opened import opened, person
from everfit.errors import SpecError
from everfit.spec.loading import load_spec, load_spec_before_suites

if TYPE_CHECKING:
    from everfit.spec import ModelSpec
    from everfit.steps.infer import Proposal, Source


def arguments(parser: argparse.ArgumentParser) -> None:
    """`infer` or `accept`, a model, and for `infer` where to learn and whether to write."""
    parser.add_argument("what", choices=["infer", "accept"])
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("--table", action="append", default=[], metavar="T", help="only this table; may be repeated")
    parser.add_argument("--batches", type=_count, metavar="N", help="learn from the newest N accepted batches only")
    parser.add_argument(
        "--from", dest="folders", type=Path, nargs="+", metavar="FOLDER", help="learn from these folders, a batch each"
    )
    parser.add_argument("--write", action="store_true", help="change the files and record the baseline")
    parser.add_argument("--note", default="", help="why: it is written into the ledger (accept needs one)")
    parser.add_argument("--by", default="", metavar="NAME", help="who decides it (default: who is logged in)")


def run(args: argparse.Namespace, console: Console) -> int:
    """Do the one or the other, and say what came of it."""
    return _accept(args, console) if args.what == "accept" else _infer(args, console)


def _accept(args: argparse.Namespace, console: Console) -> int:
    from everfit.cli.check import check
    from everfit.ledger.words import in_words
    from everfit.steps.baseline import record

    spec = load_spec(args.name)
    if not args.note:
        raise SpecError("found no --note, wanted why the expectations were changed: others will read it in the ledger")
    _, wrong = check(args.name)
    if wrong:
        raise SpecError(f"{wrong[0]}\nnothing was recorded; `everfit check {args.name}` says all that is wrong")
    entry = record(opened(), spec, note=args.note, by=args.by or person())
    console.print(f"entry {entry.seq}: {in_words(entry)}", soft_wrap=True)
    return 0


def _infer(args: argparse.Namespace, console: Console) -> int:
    from everfit.steps.infer import infer

    spec = load_spec_before_suites(args.name)
    with console.status(f"[bold]{spec.name}[/bold]  reading") as status:
        proposals = infer(spec, _sources(args, spec), args.table, lambda what: status.update(f"reading {what}"))
    for proposal in proposals:
        _show(proposal, spec, console)
    if args.write:
        return _write(args, spec, proposals, console)
    if any(one.after != one.before for one in proposals):
        console.print("\nNothing is written. To make it so: the same command with [bold]--write --note WHY[/bold]")
    return 0


def _sources(args: argparse.Namespace, spec: ModelSpec) -> list[Source]:
    from everfit.steps.infer import accepted, landed

    missing = [str(folder) for folder in args.folders or () if not folder.is_dir()]
    if missing:
        raise SpecError(f"found no folder {', '.join(missing)}; --from takes folders with the files of one batch each")
    return landed(args.folders) if args.folders else accepted(opened(), spec, args.batches)


def _show(proposal: Proposal, spec: ModelSpec, console: Console) -> None:
    changed, added = len(proposal.merge.changed), len(proposal.merge.added)
    done = ", ".join(f"{count} {what}" for count, what in ((added, "new"), (changed, "changed")) if count)
    head = Text.assemble((proposal.table, "bold"), f"  {done or 'nothing to change'}", (f"  {proposal.words}", "dim"))
    console.print(head, soft_wrap=True)
    for conflict in proposal.conflicts:
        what = conflict.expectation
        fate = "widened below" if conflict.mended else "left as it is"
        words = f"{what.column or '*'}: {what.kind}, which is {what.severity}; {conflict.found}"
        console.print(Text.assemble(("  broken ", "bold yellow"), words, (f"  {fate}", "dim")), soft_wrap=True)
    for line in proposal.diff(spec.folder):
        console.print(Text(line.rstrip("\n"), _colour(line)), soft_wrap=True)


def _write(args: argparse.Namespace, spec: ModelSpec, proposals: tuple[Proposal, ...], console: Console) -> int:
    from everfit.ledger.words import in_words
    from everfit.steps.baseline import record
    from everfit.steps.infer import write

    for path in write(proposals):
        console.print(f"[green]wrote[/green] {path}", soft_wrap=True)
    entry = record(
        opened(),
        spec,
        note=args.note or "inferred",
        by=args.by or person(),
        learnt_from=proposals[0].learnt_from,
    )
    console.print(f"entry {entry.seq}: {in_words(entry)}", soft_wrap=True)
    return 0


def _colour(line: str) -> str:
    if line.startswith(("---", "+++")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"found {count}, wanted 1 or more")
    return count
