"""Run a play from the command line: exit code 0 only if all of it is true."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from tools.demo import acts, canary, canary_report, report, year, year_report
from tools.demo.errors import DemoError
from tools.demo.models import CANARY, OTHERS, STAGES, YEAR, in_seconds
from tools.demo.watch import MODEL, Watch
from tools.local.errors import StackError
from tools.local.paths import Paths
from tools.local.stack import Stack, down, up

INSTANCE = "demo"
PICTURE = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Rich's picture of a terminal, without the fonts that it would fetch from the network."""


@dataclass(frozen=True)
class Play:
    """How versions are rolled out in it, what is played, how what came of it is told, and what else its spec says."""

    rollout: str
    play: Callable[[Stack, Watch, float], Any]
    tell: Callable[[Console, Stack, Any, Watch, float], bool]
    instead: Mapping[str, str] = field(default_factory=dict)


PLAYS = {
    "demo": Play(STAGES, acts.play, report.tell),
    "canary": Play(CANARY, canary.play, canary_report.tell),
    "year": Play(YEAR, year.play, year_report.tell, OTHERS),
}


def main() -> int:
    """Start the stack, play the acts, tell what happened, and stop what was started."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("play", nargs="?", choices=PLAYS, default="demo", help="the main job, a worse version, a year")
    parser.add_argument("--picture", type=Path, help="save what the terminal shows as an SVG file")
    parser.add_argument("--share", type=float, default=1.0, help="use this share of the flights (default: all)")
    given = parser.parse_args()
    play = PLAYS[given.play]
    console = Console(record=True, width=None if sys.stdout.isatty() else 118)
    began = time.monotonic()
    try:
        _forget_last_time()
        os.environ["EVERFIT_MODELS"] = str(
            in_seconds(MODEL, Paths.of(INSTANCE).state / "models", play.rollout, play.instead)
        )
        with Watch(console) as watch:
            watch.title("Starting Airflow, MLflow and the model server")
            stack = up(INSTANCE, tell=watch.say)
            watch.attach(stack)
            watch.seconds["start"] = time.monotonic() - began
            outcome = play.play(stack, watch, given.share)
        true = play.tell(console, stack, outcome, watch, time.monotonic() - began)
    except (DemoError, StackError) as error:
        console.print(f"\n[bold red]The demo failed.[/] {error}", highlight=False)
        console.print(
            f"Logs: {Paths.of(INSTANCE).logs} and {Paths.of(INSTANCE).airflow_home / 'logs'}", highlight=False
        )
        true = False
    except KeyboardInterrupt:
        console.print("\nStopped.")
        true = False
    finally:
        down(INSTANCE)
        if given.picture:
            console.save_svg(str(given.picture), title=f"make {given.play}", code_format=PICTURE)
    return 0 if true else 1


def _forget_last_time() -> None:
    """Each demo begins with nothing: what an earlier one left is deleted, once nothing of it runs any more."""
    down(INSTANCE)
    shutil.rmtree(Paths.of(INSTANCE).state, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
