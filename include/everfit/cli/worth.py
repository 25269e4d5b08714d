"""Show whether each retrain of a model was worth it: expected, realised, and against the best plan in hindsight.

What a loss costs comes from `worth_it` in the spec's `retrain.when`, or is said here.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from everfit.cli.opened import opened
from everfit.errors import SpecError
from everfit.spec import load_spec
from everfit.triggers.worth_it import WorthIt
from everfit.values import dump

if TYPE_CHECKING:
    from everfit.spec import ModelSpec
    from everfit.steps.regret import Account, Gain, Retrain


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, and what things cost where its spec does not say so."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument(
        "--loss-costs", type=float, metavar="COST", help="what it costs if the mean loss is higher by 1 on 1,000 rows"
    )
    parser.add_argument("--run-costs", type=float, metavar="COST", help="what a run costs (default: as measured)")
    parser.add_argument("--unit", metavar="UNIT", help="seconds, or the currency of the price list")
    parser.add_argument("--last", type=int, metavar="N", help="only the newest N runs")
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")


def run(args: argparse.Namespace, console: Console) -> int:
    """Print one row for each run, and the sum."""
    from everfit.steps.regret import account

    spec = load_spec(args.name)
    found = account(opened().ledger(spec.name).view(), _terms(spec, args))
    if args.json:
        print(json.dumps(dump(found)))
        return 0
    if not found.retrains:
        console.print(Text(f"no retrain of {spec.name} has been judged yet since its first champion"))
        return 0
    console.print(table(found, found.retrains[-args.last :] if args.last else found.retrains))
    console.print(summary(found))
    return 0


def _terms(spec: ModelSpec, args: argparse.Namespace) -> WorthIt:
    """The spec's costs, with those that were said instead."""
    said = {"loss_costs": args.loss_costs, "run_costs": args.run_costs, "unit": args.unit}
    said = {name: value for name, value in said.items() if value is not None}
    if spec.retrain.worth_it is None and "loss_costs" not in said:
        raise SpecError(
            f"{spec.name} does not say what a loss costs: give --loss-costs, what it costs if the mean loss is higher "
            "by 1 on 1,000 rows, or put worth_it into retrain.when"
        )
    try:
        return replace(spec.retrain.worth_it, **said) if spec.retrain.worth_it else WorthIt(**said)
    except ValueError as error:
        setting, _, wanted = str(error).partition(": ")
        raise SpecError(f"--{setting.replace('_', '-')}: {wanted}") from error


def table(found: Account, retrains: tuple[Retrain, ...]) -> Table:
    """The runs, oldest first; green where a run saved more than nothing for sure, dim where it was not promoted."""
    made = Table(box=None, header_style="dim", pad_edge=False)
    made.add_column("began", no_wrap=True)
    made.add_column("run", style="dim", overflow="ellipsis", no_wrap=True)
    made.add_column("version", justify="right")
    made.add_column("new\nbatches", justify="right")
    made.add_column("saves with each batch\nexpected", justify="right", no_wrap=True)
    made.add_column("\nmeasured", justify="right", no_wrap=True)
    made.add_column(f"cost\n{found.unit}", justify="right")
    made.add_column("a batch\nsooner", justify="right")
    made.add_column("a batch\nlater", justify="right")
    made.add_column("regret\nso far", justify="right")
    for one in retrains:
        made.add_row(
            f"{one.began:%Y-%m-%d %H:%M}",
            one.run,
            "-" if one.version is None else str(one.version),
            str(one.batches),
            _between(one.expected),
            Text(_between(one.realised), style="green" if one.realised and one.realised.low > 0 else ""),
            _number(one.cost),
            _change(one.sooner),
            _change(one.later),
            _number(one.regret),
            style="dim" if one.version is None else "",
        )
    return made


def summary(found: Account) -> Text:
    """What all of it cost, and what the best plans would have.

    A text with an empty line before it.
    """
    if found.cost is None or found.best is None or found.regret is None or found.interval is None:
        return Text(
            "\nno run could be held against a champion yet, so nobody knows how fast this model gets stale", style="dim"
        )
    runs, best = len(found.retrains), found.best
    ratio = f", {found.cost / best.cost:.2f} times as much" if best.cost else ""
    never = found.interval >= found.batches
    fixed = "never to retrain" if never else f"every {_plural(found.interval, 'batch', 'es')}"
    return Text.assemble(
        f"\n{_plural(found.batches, 'batch', 'es')}, {_plural(runs, 'run')}: staleness and runs cost ",
        (f"{_number(found.cost)} {found.unit}", "bold"),
        f"\nbest in hindsight: {_number(best.cost)} with {_plural(len(best.retrains), 'run')}; regret ",
        (_number(found.regret), "bold"),
        ratio,
        f"\nbest fixed interval: {fixed}, {_number(found.at_interval)}",
    )


def _plural(count: int, what: str, ending: str = "s") -> str:
    return f"{count:,} {what}{ending if count != 1 else ''}"


def _between(gain: Gain | None) -> str:
    return "-" if gain is None else f"{_number(gain.value)} ({_number(gain.low)} to {_number(gain.high)})"


def _number(value: float | None) -> str:
    """Three digits that say something, and no -0.

    >>> _number(1849.99), _number(0.012345), _number(-1e-12), _number(None)
    ('1,850', '0.0123', '0', '-')
    """
    if value is None:
        return "-"
    digits = 3 if abs(value) < 1000 else 0  # noqa: PLR2004 - where three digits end
    return (f"{value:,.{digits}g}" if digits else f"{value:,.0f}") if abs(value) > 1e-6 else "0"  # noqa: PLR2004


def _change(value: float | None) -> str:
    shown = _number(value)
    return f"+{shown}" if value is not None and value > 0 and shown != "0" else shown
