"""Take a bad batch back from every model that knows it.

Marks the accepted batches of a partition bad, freezes every version that learnt from them or was judged on them, makes
the newest untouched champion the champion again and asks for a new model. Ends with 1 if a champion that knows the bad
data has to go on serving because there is none to go back to. Run it again after a crash: nothing is done twice.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from everfit.cli.ledger import standing
from everfit.cli.opened import opened, person
from everfit.cli.reason import ask_for_reason
from everfit.errors import SpecError, UnknownName, did_you_mean
from everfit.spec import ModelSpec, load_spec, spec_names

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.steps.recall import Reach, RecallOrder
    from everfit.steps.withdraw import Withdrawal


def arguments(parser: argparse.ArgumentParser) -> None:
    """A partition, and why it is bad."""
    parser.add_argument("partition", metavar="PARTITION", help="landing folder and partition (flights/2013-05)")
    parser.add_argument("--model", metavar="NAME", help="only this model; then the partition alone will do (2013-05)")
    parser.add_argument("--version", type=int, metavar="N", help="only this version of the batch; default all of them")
    ask_for_reason(parser, "why: it is written into the ledger")
    parser.add_argument("--by", metavar="WHO", help="who says so; default whoever is logged in")
    parser.add_argument("--dry-run", action="store_true", help="show what would happen, and do nothing")


def run(args: argparse.Namespace, console: Console) -> int:
    """Recall from one model after the other."""
    from everfit.steps.recall import RecallOrder, reach, recall

    ports = opened()
    order = RecallOrder(args.partition.rpartition("/")[2], args.reason, args.by or person(), args.version)
    stranded = False
    for spec in _models(args, ports, console, order):
        found = reach(ports.ledger(spec.name).view(), order)
        if args.dry_run:
            _would(console, spec, order, found)
            continue
        done = recall(ports, spec, order)
        stranded |= done.stranded is not None
        tell(console, spec, done)
        console.print(standing(ports.ledger(spec.name).view()), "\n")
    return int(stranded)


def tell(console: Console, spec: ModelSpec, done: Withdrawal) -> None:
    """What came of a recall or an erasure."""
    from everfit.ledger.words import in_words

    console.print(Text.assemble((spec.name, "bold"), f"  entry {done.decision.seq}: {in_words(done.decision)}"))
    if not done.versions:
        console.print(Text("  nothing to undo: no version learnt from it", "green"))
        return
    console.print(Text(f"  frozen, never to be promoted again: {_listed(done.versions)}", "yellow"))
    if done.back_to is not None:
        console.print(Text(f"  version {done.back_to} serves again", "bold green"))
    if done.stranded is not None:
        words = f"version {done.stranded} KNOWS DATA THAT WAS TAKEN BACK, AND GOES ON SERVING"
        console.print(Text(f"  {words}", "bold red"))
        console.print(Text("  there is no clean version to go back to: train a new one, or stop asking it", "red"))
    console.print("  a new model is asked for: the next training run starts without new data")


def _would(console: Console, spec: ModelSpec, order: RecallOrder, found: Reach) -> None:
    batches = ", ".join(f"{entry.body.batch.label} (entry {entry.seq})" for entry in found.batches)
    console.print(Text.assemble((spec.name, "bold"), f"  would recall {batches or 'nothing: that was done before'}"))
    if found.versions:
        console.print(Text(f"  would freeze {_listed(found.versions)}", "yellow"))
    if found.touches_champion:
        style, words = (
            ("green", f"serve version {found.back_to} again")
            if found.back_to
            else (
                "bold red",
                f"have nothing to go back to, so version {found.champion} would go on serving",
            )
        )
        console.print(Text(f"  would {words}", style))
    elif found.champion:
        console.print(Text(f"  champion {found.champion} does not know {order.partition} and stays", "green"))


def _models(args: argparse.Namespace, ports: Ports, console: Console, order: RecallOrder) -> list[ModelSpec]:
    """The one that was named, or all that read the landing folder and have accepted the partition."""
    if args.model:
        return [load_spec(args.model)]
    folder, slash, _ = args.partition.rpartition("/")
    accepted = [(spec, _of(ports, spec)) for spec in _specs(console)]
    found = [spec for spec, known in accepted if spec.data.landing == folder and order.partition in known]
    if not found:
        known = {f"{spec.data.landing}/{partition}" for spec, partitions in accepted for partition in partitions}
        if not slash:
            near = did_you_mean(args.partition, known)
            raise SpecError(f"found {args.partition!r} alone, wanted FOLDER/PARTITION, or --model beside it{near}")
        raise UnknownName("accepted batch", args.partition, known)
    return found


def _specs(console: Console) -> list[ModelSpec]:
    """Every model whose spec can be read: a mistake in one must not keep bad data in another."""
    found = []
    for name in spec_names():
        try:
            found.append(load_spec(name))
        except SpecError as error:
            console.print(Text(f"{name} was not looked at: {error}", "bold red"))
    return found


def _of(ports: Ports, spec: ModelSpec) -> set[str]:
    from everfit.ledger.entries import BatchAccepted

    return {entry.body.batch.partition for entry in ports.ledger(spec.name).view().of(BatchAccepted)}


def _listed(versions: tuple[int, ...]) -> str:
    return f"version{'s' * (len(versions) > 1)} {', '.join(map(str, versions))}"
