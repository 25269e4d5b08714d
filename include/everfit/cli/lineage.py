"""Show what a version was made from, or every version that knows a batch.

From a version: the batches with their hashes, the run, code, environment and seed, the verdicts, when it served and
how much it answered. From a batch: every version, of this model and of every other that took in the same delivery. From
a prediction: the version that gave it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from everfit.cli.opened import opened
from everfit.cli.telling import MARKS
from everfit.errors import SpecError
from everfit.spec import load_spec
from everfit.values import dump

if TYPE_CHECKING:
    from datetime import datetime

    from everfit.ledger.trace import Period, Source, Trace
    from everfit.predictions import Served
    from everfit.steps.trace import Delivered, MadeWith, Origin

DRAWINGS = (".svg", ".html")
TONES = {"learnt from": "green", "judged on": "yellow", "kept apart": "dim"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, and a version of it or a batch."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument(
        "version",
        nargs="?",
        default="champion",
        metavar="VERSION",
        help="its number, champion (the default), previous or challenger",
    )
    parser.add_argument("--batch", metavar="PARTITION", help="show who knows this batch instead")
    parser.add_argument("--prediction", metavar="ID", help="show the version that gave this answer instead")
    parser.add_argument("--draw", metavar="FILE", type=Path, help="write a drawing, .svg or .html, and show nothing")
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")


def run(args: argparse.Namespace, console: Console) -> int:
    """Look it up, and print or draw it."""
    from everfit.steps.trace import answered, origin, where_used

    spec = load_spec(args.name)
    if args.draw and (args.batch or args.draw.suffix not in DRAWINGS):
        raise SpecError(f"--draw is for a version, into a file that ends in {' or '.join(DRAWINGS)}; found {args.draw}")
    if args.batch:
        delivered = where_used(opened(), spec.name, args.batch)
        if args.json:
            print(json.dumps(dump(delivered)))
        else:
            console.print(*map(_known_by, delivered), sep="\n")
        return 0
    ports, version = opened(), args.version
    if args.prediction:
        given = answered(ports, spec.name, args.prediction)
        version = str(given.version)
        if not args.json:
            rows = f"{len(given.rows)} row{'s' * (len(given.rows) != 1)}"
            console.print(f"{given.id}: {rows} answered at {_when(given.at)} as {given.alias}", style="dim")
    found = origin(ports, spec.name, version)
    if args.draw:
        _draw(found, args.draw)
        console.print(f"{args.draw} written", soft_wrap=True)
    elif args.json:
        print(json.dumps(dump(found)))
    else:
        console.print(tree(found))
    return 0


def tree(found: Origin) -> Tree:
    """A version's origin as a tree: what it was made from, by whom, how it was judged, when it served."""
    told = found.trace
    made = Tree(_title(told), guide_style="dim")
    made.add(_branch(f"{len(told.sources)} batches, {told.rows:,} rows", f"snapshot {told.snapshot}", _batches(told)))
    made.add(_branch(f"trained because of {told.why}, by {told.by}", _when(told.asked), _run(told, found)))
    against = f"against champion {told.against}" if told.against else "with no champion to compare with"
    made.add(_branch(f"judged {against}: {told.reason}", f"entry {told.judged}", _verdicts(told)))
    if told.people:
        made.add(_branch("people", "", Group(*(Text(said, _tone(said)) for said in told.people))))
    made.add(_branch("served" if told.served else "never served", _answered(found.predictions), _periods(told.served)))
    return made


def _tone(said: str) -> str:
    return "bold red" if said.startswith("Promoted against") else ""


def _answered(served: Served) -> str:
    """How much a version answered, in words; "" where nothing has reached the store."""
    if not (served.first and served.last):
        return ""
    many = "s" * (served.predictions != 1)
    period = f"{_when(served.first)} to {_when(served.last)}"
    return f"{served.predictions:,} prediction{many} of {served.rows:,} row{'s' * (served.rows != 1)}, {period}"


def _title(told: Trace) -> Text:
    style = "bold green" if told.standing == "champion" else "bold"
    title = Text.assemble((f"{told.model} version {told.version}", style), f"  {told.standing}")
    return title.append("  knows recalled data", "bold red") if told.touched else title


def _branch(what: str, quiet: str, below: RenderableType) -> Group:
    return Group(Text.assemble((what, "bold"), (f"  {quiet}" if quiet else "", "dim")), below)


def _grid(*columns: str) -> Table:
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for justify in columns:
        grid.add_column(justify="right" if justify == "right" else "left", no_wrap=justify != "fold", overflow="fold")
    return grid


def _batches(told: Trace) -> Table:
    grid = _grid("left", "left", "right", "left", "left", "fold")
    for one in told.sources:
        role = one.role.value if one.role else ""
        grid.add_row(Text(role, TONES.get(role, "")), one.label, f"{one.rows:,} rows", *_identity(one))
    return grid


def _identity(one: Source) -> tuple[Text, Text, Text]:
    since = f"corrected since: {one.corrected}" if one.corrected else ""
    return (
        Text(f"sha256 {one.sha256[:16]}", "dim"),
        Text(f"git {one.revision[:10]}" if one.revision else "", "dim"),
        Text(one.recalled or since, "bold red" if one.recalled else "yellow"),
    )


def _run(told: Trace, found: Origin) -> Table:
    made, grid = found.made_with, _grid("left", "fold")
    rows = {
        "note": told.note,
        "code": f"features.py sha256 {told.code[:16]}, project {made.revision or 'in no git revision'}",
        "algorithm": f"{made.algorithm}, seed {made.seed}, on {_device(told)}",
        "libraries": ", ".join(f"{name} {version}" for name, version in made.libraries.items()),
        "environment": _environment(made),
        "machine": made.machine,
        "run": told.run,
        "MLflow": found.mlflow,
    }
    for name, text in rows.items():
        if text:
            grid.add_row(Text(name, "dim"), Text(text))
    return grid


def _device(told: Trace) -> str:
    """The device that was used; the wanted one and the reason only where it was another."""
    if told.placement is None:
        return told.device
    why = f" ({told.placement.wanted} was wanted, but {told.placement.why})" if told.placement.fell_back else ""
    return told.placement.used + why


def _environment(made: MadeWith) -> str:
    return f"{made.packages} packages, sha256 {made.environment[:16]}" if made.environment else "not kept any more"


def _verdicts(told: Trace) -> Table:
    grid = _grid("left", "left", "fold")
    for verdict in told.verdicts:
        mark, style = MARKS[verdict.outcome]
        grid.add_row(Text(mark, style), Text(verdict.gate, style), Text(verdict.reason))
    return grid


def _periods(periods: tuple[Period, ...]) -> Table:
    grid = _grid("left", "left")
    for one in periods:
        until = _when(one.until) if one.until else Text("now", "bold green")
        grid.add_row(f"from {_when(one.since)}", Text.assemble("to ", until))
    return grid


def _known_by(one: Delivered) -> Tree:
    """A delivery of a partition, and who knows it."""
    revision = f"  git {one.source.revision[:10]}" if one.source.revision else ""
    title = Text.assemble((one.source.label, "bold"), f"  {one.source.rows:,} rows")
    title.append(f"  sha256 {one.source.sha256[:16]}{revision}  entry {one.source.accepted}", "dim")
    made = Tree(title, guide_style="dim")
    if one.source.recalled:
        made.add(Text(one.source.recalled, "bold red"))
    if one.source.corrected:
        made.add(Text(f"corrected since: {one.source.corrected}", "yellow"))
    grid = _grid("left", "left", "left", "left", "left")
    for use in one.uses:
        version = f"version {use.version}" if use.version else f"run {use.run}"
        style = "bold green" if use.standing == "champion" else "" if use.version else "dim"
        role = Text(use.role.value, TONES[use.role.value])
        grid.add_row(use.model, Text(version, style), role, Text(use.standing, style), Text(_when(use.asked), "dim"))
    made.add(grid if one.uses else Text("no model knows it", "dim"))
    return made


def _draw(found: Origin, path: Path) -> None:
    from everfit.plots.lineage import as_page, draw

    made = found.made_with
    facts = {
        "algorithm": f"{made.algorithm}, seed {made.seed}",
        "code": f"{found.trace.code[:12]} · project {made.revision[:10] or 'in no git'}",
        "environment": f"Python {made.libraries.get('python', '')}, {made.packages} packages",
    }
    many = found.predictions.predictions
    answers = f"{many:,} prediction{'s' * (many != 1)}" if many else ""
    picture = draw(found.trace, facts, answers)
    path.parent.mkdir(parents=True, exist_ok=True)
    title = f"{found.trace.model} version {found.trace.version}"
    path.write_text(picture if path.suffix == ".svg" else as_page(picture, title), encoding="utf-8")


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
