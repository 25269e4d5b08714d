"""Show how far a version is on its way to people: the plan, the stage, the evidence so far, and what comes next.

It only looks. `--stop` ends the rollout: everybody is answered by the champion again, at once.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from everfit.cli.opened import now, opened, person
from everfit.ledger.entries import DeploymentStarted
from everfit.ledger.words import in_words
from everfit.spec import load_spec
from everfit.values import Outcome

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.steps.stage import Judged
    from everfit.values import Detail, Stage

WIDTH = 24
MARKS = {
    Outcome.PASSED: ("●", "green"),
    Outcome.FAILED: ("✗", "bold red"),
    Outcome.CANNOT_TELL: ("○", "yellow"),
}
NEEDS = {"not_worse": "it is shown not to be worse", "no_harm": "no harm has shown"}
CROWNED = ("✓", "bold green")
WAITS = ("○", "dim")


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, and whether to stop."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("--stop", metavar="REASON", help="end the rollout; the reason is kept in the ledger")


def run(args: argparse.Namespace, console: Console) -> int:
    """Print it, or stop it."""
    from everfit.steps.rollout import stop
    from everfit.steps.stage import judged_now

    spec, ports = load_spec(args.name), opened()
    if args.stop:
        stopped = stop(ports, spec, args.stop, person())
        said = f"entry {stopped.seq}: {in_words(stopped)}" if stopped else f"nothing of {spec.name} is being rolled out"
        console.print(Text(said, "bold yellow" if stopped else "yellow"))
        return 0 if stopped else 1
    view = ports.ledger(spec.name).view()
    started = view.of(DeploymentStarted)
    if not started:
        console.print(Text(f"no version of {spec.name} has been deployed yet"))
        return 0
    at = view.stage
    judged = judged_now(ports, spec, view, at, started[-1].body.plan) if at else None
    console.print(told(view, spec.name, judged, now()))
    return 0


def told(view: View, name: str, judged: Judged | None, at: datetime) -> Group:
    """The newest rollout: whom it is about, its stages, and of the one under way the evidence and what comes next."""
    intent = view.of(DeploymentStarted)[-1]
    outcome = view.claimed(f"promoted:{intent.seq}") or view.claimed(f"failed:{intent.seq}")
    head = Text.assemble((f"{name}  ", "bold"), f"version {intent.body.version}")
    head.append(f" to replace {intent.body.champion}" if intent.body.champion else ", the first one")
    parts: list[RenderableType] = [head, _plan(view, intent, judged, outcome, at)]
    if judged and not outcome:
        parts += [_evidence(judged), _next(judged, at)]
    if outcome:
        parts.append(Text(f"entry {outcome.seq}: {in_words(outcome)}", _style(outcome)))
    elif not intent.body.plan:
        parts.append(Text("at once, without stages: it waits for its trial", "dim"))
    return Group(*parts)


def _plan(
    view: View, intent: Entry[DeploymentStarted], judged: Judged | None, outcome: Entry | None, at: datetime
) -> Table:
    entered = {entry.body.number: entry for entry in view.stages(intent.seq)}
    here, last = (judged.entered.body.number if judged else -1), max(entered, default=-1)
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for number, stage in enumerate(intent.body.plan):
        failed = outcome is not None and outcome.kind == "deployment_failed" and number == last
        mark, style = ("✗", "bold red") if failed else ("▶", "bold cyan") if number == here else ("○", "dim")
        if number in entered and number != here and not failed:
            mark, style = "✓", "green"
        began = entered[number].body.began if number in entered else None
        ended = entered[number + 1].body.began if number + 1 in entered else outcome.at if outcome else at
        lasted = f"{_since(ended - began)}" if began else f"at least {_since(stage.at_least)}"
        grid.add_row(
            Text(mark, style), Text(stage.name, style), _share(stage, style), lasted, Text(_terms(stage), "dim")
        )
    crowned = outcome is not None and outcome.kind == "promoted"
    grid.add_row(
        Text("✓" if crowned else "○", "bold green" if crowned else "dim"), Text("champion", "" if crowned else "dim")
    )
    return grid


def _share(stage: Stage, style: str) -> Text:
    full = round(WIDTH * stage.share)
    if not stage.share:
        return Text.assemble(("┄" * WIDTH, style))
    return Text.assemble(("█" * max(1, full), style), ("░" * (WIDTH - max(1, full)), "dim"))


def _terms(stage: Stage) -> str:
    whom = f"by {stage.key}, " if stage.key else ""
    return f"{whom}{stage.answers:,} answers, {NEEDS[stage.needs]}"


def _evidence(judged: Judged) -> Panel:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("", "signal", "challenger against champion", "bar", "n"):
        table.add_column(column, justify="right" if column in ("bar", "n") else "left", no_wrap=column != "")
    for part in judged.found.parts:
        mark, style = MARKS[part.outcome]
        bar = "" if part.bar is None else f"{part.bar:.4g}"
        table.add_row(Text(mark, style), part.name.replace("_", " "), _interval(part), bar, f"{part.n:,}")
    head = f"{judged.sight.answers:,} answers in this stage, {judged.sight.labels:,} labels"
    alarms = f"at most {judged.found.false_alarms:.1%} of harmless versions are ever stopped, however often one looks"
    said = {Outcome.FAILED: "bold red", Outcome.PASSED: "green"}.get(judged.found.outcome, "")
    body = Group(table, Text(), Text(judged.found.reason, said), Text(alarms, "dim"))
    return Panel(body, title=head, title_align="left", border_style="cyan")


def _interval(part: Detail) -> Text:
    if part.effect is None:
        return Text(part.reason or "nothing seen yet", "dim")
    low, high = (f"{end:.4g}" if end is not None else "open" for end in (part.low, part.high))
    return Text.assemble(f"{part.effect:.4g}", (f"   from {low} to {high}", "dim"))


def _next(judged: Judged, at: datetime) -> Text:
    stage, body = judged.stage, judged.entered.body
    if judged.then != "wait":
        word = "goes on" if judged.then == "go on" else "stops"
        return Text(f"next: the deploy task {word} at its next look: {judged.words}", "bold")
    earliest, latest = body.began + stage.at_least, body.began + stage.at_most
    soon = "as soon as" if at >= earliest else f"in {_since(earliest - at)}, once"
    end = "is kept back" if stage.otherwise == "keep_back" else "goes on"
    return Text.assemble(
        ("next: ", "bold"),
        f"it goes on {soon} {NEEDS[stage.needs]} in {stage.answers:,} answers; in {_since(latest - at)} it {end}.",
    )


def _style(outcome: Entry) -> str:
    return "bold green" if outcome.kind == "promoted" else "bold red"


def _since(time: timedelta) -> str:
    minutes, seconds = divmod(max(0, int(time.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"
    return f"{minutes} min {seconds:02} s" if minutes and seconds else f"{minutes} min" if minutes else f"{seconds} s"
