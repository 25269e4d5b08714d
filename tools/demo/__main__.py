"""Run the demo from the command line: exit code 0 only if all of it is true."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from tools.demo.acts import MODEL, play
from tools.demo.errors import DemoError
from tools.demo.models import in_seconds
from tools.demo.report import tell
from tools.demo.watch import Watch
from tools.local.errors import StackError
from tools.local.paths import Paths
from tools.local.stack import down, up

INSTANCE = "demo"
PICTURE = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Rich's picture of a terminal, without the fonts that it would fetch from the network."""


def main() -> int:
    """Start the stack, play the acts, tell what happened, and stop what was started."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--picture", type=Path, help="save what the terminal shows as an SVG file")
    parser.add_argument("--share", type=float, default=1.0, help="use this share of the flights (default: all)")
    given = parser.parse_args()
    console = Console(record=True, width=None if sys.stdout.isatty() else 118)
    began = time.monotonic()
    try:
        _forget_last_time()
        os.environ["EVERFIT_MODELS"] = str(in_seconds(MODEL, Paths.of(INSTANCE).state / "models"))
        with Watch(console) as watch:
            watch.title("Starting Airflow, MLflow and the model server")
            stack = up(INSTANCE, tell=watch.say)
            watch.attach(stack)
            watch.seconds["start"] = time.monotonic() - began
            outcome = play(stack, watch, given.share)
        true = tell(console, stack, outcome, watch, time.monotonic() - began)
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
            console.save_svg(str(given.picture), title="make demo", code_format=PICTURE)
    return 0 if true else 1


def _forget_last_time() -> None:
    """Each demo begins with nothing: what an earlier one left is deleted, once nothing of it runs any more."""
    down(INSTANCE)
    shutil.rmtree(Paths.of(INSTANCE).state, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
