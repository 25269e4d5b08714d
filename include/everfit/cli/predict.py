"""Score whole batches with the champion, and keep the predictions as Parquet in the store.

Without PARTITION it scores all that wait, as `<model>_score` does. The same batch and the same versions are scored
once: run it again after a crash, or to see where the predictions are. Ends with 1 if a delivery was refused.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING
from uuid import uuid4

from rich.console import Console

from everfit.cli.opened import opened
from everfit.cli.telling import Telling
from everfit.spec import load_spec

if TYPE_CHECKING:
    from everfit.ledger.entries import BatchScored
    from everfit.ports import Ports
    from everfit.spec import ModelSpec

SHOWN = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, and which of its batches."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("partition", metavar="PARTITION", nargs="?", help="such as 2013-05; default all that wait")


def run(args: argparse.Namespace, console: Console) -> int:
    """Score one partition after the other, telling each."""
    from everfit.steps.score_asked import score_part, to_score

    spec, ports, telling = load_spec(args.name), opened(), Telling(console)
    telling.title(spec, ports)
    if args.partition:
        partitions: tuple[str, ...] = (args.partition,)
    else:
        with telling.step("waiting") as line:
            partitions = to_score(ports, spec)
            source = score_part(spec).folder or "accepted batches"
            line.say(f"{len(partitions)} in {source}: {', '.join(partitions)}" if partitions else "nothing to score")
    refused = [one for one in partitions if not _score(ports, spec, telling, one)]
    return int(bool(refused))


def _score(ports: Ports, spec: ModelSpec, telling: Telling, partition: str) -> bool:
    """Whether there are scores now."""
    from everfit.ledger.entries import BatchScored, ScoringRefused
    from everfit.steps.score import score

    with telling.step(partition) as line:
        line("looking at its rows")
        entry = score(ports, spec, partition, f"cli-{uuid4().hex[:12]}", line)
        body = entry.body
        if isinstance(body, BatchScored):
            line.say(f"entry {entry.seq}: {_who(body)}", "bold green")
        elif isinstance(body, ScoringRefused):
            line.say(f"entry {entry.seq}: not scored", "bold red")
    if isinstance(body, ScoringRefused):
        for reason in body.reasons[:SHOWN]:
            telling.note(reason, "red")
        telling.note(f"{ports.store.url}/{body.report}")
        return False
    if isinstance(body, BatchScored):
        for file in (body.file, *body.shadows.values()):
            telling.note(f"{ports.store.url}/{file.key}")
    return True


def _who(body: BatchScored) -> str:
    """Which version scored how many rows."""
    own = body.rows - body.challenged
    parts = [f"{own:,} rows by champion {body.version}"]
    if body.challenger is not None:
        parts.append(f"{body.challenged:,} by challenger {body.challenger}")
    unseen = {version: body.challenged if version == body.version else own for version in body.shadows}
    parts += [f"{rows:,} in the shadow by version {version}" for version, rows in unseen.items()]
    if body.withheld:
        parts.append(f"{body.withheld:,} bad rows withheld")
    if body.unanswered:
        parts.append(f"{body.unanswered:,} without an answer")
    return ", ".join(parts)
