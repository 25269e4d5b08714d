"""Do everything once without Airflow, from new batches to a champion.

The steps are the very ones that the DAGs call. Ends with 0 when the run went through, whatever the verdict, and with 1
on an error. Run it again after a crash: what is done stays done.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console

from everfit.cli.flow import STEPS, Flow
from everfit.cli.opened import opened, person
from everfit.cli.telling import Telling
from everfit.settings import prices
from everfit.spec import load_spec

if TYPE_CHECKING:
    from everfit.steps.snapshot import TrainRequest


def arguments(parser: argparse.ArgumentParser) -> None:
    """A model, and what is special about this run."""
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("--until", choices=STEPS, default=STEPS[-1], metavar="STEP", help=f"one of {', '.join(STEPS)}")
    parser.add_argument("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:1: other than the spec says")
    parser.add_argument("--force", action="store_true", help="train even if there is nothing new")
    parser.add_argument("--deploy", action="store_true", help="it is an error if no model server answers")
    parser.add_argument("--note", default="", help="is written into the ledger")


def run(args: argparse.Namespace, console: Console) -> int:
    """Take the steps one after the other, telling each."""
    spec, ports = load_spec(args.name), opened()
    telling = Telling(console)
    telling.title(spec, ports)
    Flow(ports, spec, telling, args.until, must_deploy=args.deploy, prices=prices()).run(_request(args))
    telling.end(ports.ledger(spec.name).view())
    return 0


def _request(args: argparse.Namespace) -> TrainRequest:
    from everfit.steps.snapshot import TrainRequest

    return TrainRequest(
        run="cli",
        why="a person",
        by=person(),
        note=args.note,
        batches=None,
        until=None,
        device=args.device,
        forced=args.force,
    )
