"""Show whether each retrain of a model was worth it: expected, realised, and against the best plan in hindsight.

What a loss costs comes from `worth_it` in the spec's `retrain.when`, or is said here.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from math import floor, log10
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
    places = _places(found)
    made = Table(box=None, header_style="dim", pad_edge=False)
    made.add_column("began", no_wrap=True)
    made.add_column("run", style="dim", overflow="ellipsis", no_wrap=True)
    for name in ("version", "new\nbatches"):
        made.add_column(name, justify="right")
    for name in ("expected to save\nwith each batch", "measured to save\nwith each batch"):
        made.add_column(name, justify="right", no_wrap=True)
    for name in (f"cost\n{found.unit}", "a batch\nsooner", "a batch\nlater", "regret\nso far"):
        made.add_column(name, justify="right")
    for one in retrains:
        made.add_row(
            f"{one.began:%Y-%m-%d %H:%M}",
            one.run,
            "-" if one.version is None else str(one.version),
            str(one.batches),
            _between(one.expected, places),
            Text(_between(one.realised, places), style="green" if one.realised and one.realised.low > 0 else ""),
            _number(one.cost, places),
            _number(one.sooner, places, "+"),
            _number(one.later, places, "+"),
            _number(one.regret, places),
            style="dim" if one.version is None else "",
        )
    return made


def summary(found: Account) -> Text:
    """What all of it cost, and what the best plans would have; below the table, so it begins with an empty line."""
    if found.cost is None or found.best is None or found.interval is None:
        return Text(
            "\nno run could be held against a champion yet, so nobody knows how fast this model gets stale", style="dim"
        )
    places, best = _places(found), found.best
    ratio = f", {found.cost / best.cost:.2f} times as much" if best.cost else ""
    never = found.interval >= found.batches
    fixed = "never to retrain" if never else f"every {_plural(found.interval, 'batch', 'es')}"
    return Text.assemble(
        f"\n{_plural(found.batches, 'batch', 'es')}, {_plural(len(found.retrains), 'run')}: staleness and runs cost ",
        (f"{_number(found.cost, places)} {found.unit}", "bold"),
        f"\nbest in hindsight: {_number(best.cost, places)} with {_plural(len(best.retrains), 'run')}; regret ",
        (_number(found.regret, places), "bold"),
        ratio,
        f"\nbest fixed interval: {fixed}, {_number(found.at_interval, places)}",
    )


def _plural(count: int, what: str, ending: str = "s") -> str:
    return f"{count:,} {what}{ending if count != 1 else ''}"


def _places(found: Account) -> int:
    """So many decimals that three digits of what a run costs are seen."""
    return max(2 - floor(log10(min(one.cost for one in found.retrains))), 0)


def _between(gain: Gain | None, places: int) -> str:
    if gain is None:
        return "-"
    return f"{_number(gain.value, places)} ({_number(gain.low, places)} to {_number(gain.high, places)})"


def _number(value: float | None, places: int, sign: str = "") -> str:
    """A number with so many decimals, and no -0.

    >>> _number(1849.99, 1), _number(-1e-12, 2), _number(2.5, 1, "+"), _number(None, 1)
    ('1,850.0', '0.00', '+2.5', '-')
    """
    if value is None:
        return "-"
    rounded = round(value, places) or 0.0
    return f"{rounded:{sign if rounded else ''},.{places}f}"
