"""Play the time of all deliveries again under several policies of retraining, and hold them against each other.

Every batch goes through the steps of production, with the time as it was then: `never` keeps the first model, `weekly`
and `monthly` train by the clock, `default` does what model.yaml says. Of the installation only the landing place is
read, and nothing is changed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from everfit.cli.opened import opened
from everfit.cli.telling import Telling
from everfit.refuse import duration
from everfit.settings import prices
from everfit.spec import load_spec

if TYPE_CHECKING:
    from everfit.cost import Prices
    from everfit.replay import Compared, Outcome


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, the policies, the time, and where the picture goes."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("--policies", default="", metavar="P,P", help="some of them, such as never,monthly (all)")
    parser.add_argument("--since", type=_day, metavar="DAY", help="what landed before is there from the beginning")
    parser.add_argument("--until", type=_day, metavar="DAY", help="deliveries that go beyond this day are left out")
    parser.add_argument(
        "--lands-after", type=_time, metavar="TIME", default="6h", help="from a delivery's last row (6h)"
    )
    parser.add_argument(
        "--labels-after", type=_time, metavar="TIME", help="from a row to its label, in rollouts (with the delivery)"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="an SVG or PNG: quality over time, and its price")


def run(args: argparse.Namespace, console: Console) -> int:
    """Play each policy, telling how far it is; then say and draw how they did."""
    from everfit.replay import Rehearsal, Settings, chosen, compare

    spec, ports, telling = load_spec(args.name), opened(), Telling(console)
    policies = chosen(spec, filter(None, args.policies.split(",")))
    settings = Settings(args.since, args.until, args.lands_after, args.labels_after)
    console.print(Text.assemble((spec.name, "bold"), f"  {spec.title}\n"))
    with telling.step("deliveries") as line:
        rehearsal = Rehearsal.of(ports, spec, ports.work / "replay" / spec.name, settings)
        first, last = rehearsal.landed[0], rehearsal.landed[-1]
        span = f"{first.delivery.partition} to {last.delivery.partition}"
        line.say(f"{len(rehearsal.landed)}: {span}, rows from {first.first:%Y-%m-%d} to {last.last:%Y-%m-%d}")
    outcomes = []
    for name, one in policies.items():
        with telling.step(name) as line:
            outcome, known = rehearsal.play(name, one, line)
            outcomes.append(outcome)
            line.say(f"{_ran(outcome)}{' (played before)' if known else ''}")
    found = compare(outcomes)
    console.print()
    console.print(table(found, prices()))
    if args.picture:
        draw(found, spec.title or spec.name, args.picture)
        console.print(Text(f"\nthe picture is {args.picture}", "dim"))
    return 0


def table(found: Sequence[Compared], prices: Prices | None) -> Group:
    """One row per policy, and what the columns mean."""
    grid = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0))
    loss = found[0].outcome.loss.replace("_", " ")
    heads = ["policy", f"mean {loss}", "regret", "", "runs", "promoted", "bad", "CPU seconds"]
    for head in [*heads, *([prices.currency] if prices else []), ""]:
        grid.add_column(head, justify="left" if head in ("policy", "") else "right", no_wrap=True)
    for one in found:
        grid.add_row(*_row(one, prices))
    return Group(
        grid,
        Text(),
        Text(
            "regret: mean loss less that of the best of these, with its interval by day\n"
            "bad: promotions that were surely worse, in hindsight, than what they replaced would have been\n"
            "●: no other is at least as good for less, or better for no more",
            "dim",
        ),
    )


def draw(found: Sequence[Compared], title: str, path: Path) -> None:
    """The picture of the same."""
    from everfit.plots.replay import Policy
    from everfit.plots.replay import draw as drawn

    shown = [
        Policy(
            one.outcome.policy,
            {day.day: (day.rows, day.loss) for day in one.outcome.days},
            [promoted.at for promoted in one.outcome.promotions],
            one.outcome.seconds,
            one.mean,
            one.efficient,
        )
        for one in found
    ]
    drawn(shown, found[0].outcome.loss.replace("_", " "), title, path)


def _row(one: Compared, prices: Prices | None) -> list[Text]:
    outcome = one.outcome
    trained = sum(run.outcome == "promoted" for run in outcome.retrains)
    interval = "" if one.low == one.high else f"{one.low:+.4f} to {one.high:+.4f}"
    cells = [
        Text(outcome.policy, "bold" if one.efficient else ""),
        Text(f"{one.mean:.4f}"),
        Text(f"{one.regret:.4f}" if one.regret else "best", "" if one.regret else "green"),
        Text(interval, "dim"),
        Text(str(len(outcome.retrains))),
        Text(str(trained)),
        Text(str(outcome.bad), "red" if outcome.bad else ""),
        Text(f"{outcome.seconds:,.0f}"),
    ]
    if prices:
        money = outcome.money(prices)
        cells.append(Text("not known" if money is None else f"{money:.4f}"))
    return [*cells, Text("●" if one.efficient else "", "cyan")]


def _ran(outcome: Outcome) -> str:
    runs = len(outcome.retrains)
    failed = sum(run.outcome == "failed" for run in outcome.retrains)
    last = f", {failed} of them failed" if failed else ""
    return f"{runs} training run{'s' * (runs != 1)}{last}, {len(outcome.promotions)} promoted"


def _day(said: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(said), datetime.min.time(), UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {said!r}, wanted a day such as 2013-05-01") from None


def _time(said: str) -> timedelta:
    try:
        return duration("it", said)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
