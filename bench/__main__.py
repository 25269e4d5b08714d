"""Validation, drift, gates against one read, training and the pipeline in Airflow against bare scripts, in one run."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from bench import asking, checkpoints, drift, gates, rollback, scoring, serving, store, training, validation
from everfit.ledger import Ledger
from everfit.ledger.entries import CandidateJudged
from everfit.stores import open_store
from tools.land_flights import MONTHS, land
from tools.local.paths import PROJECT, Paths
from tools.local.stack import Stack, down, up

MODEL = "flight_delays"
ROUNDS = 3
AIM = 0.75


def main() -> int:
    """Measure in turns, check that both made the same model, and print the ratio."""
    console = Console()
    down("bench")
    shutil.rmtree(Paths.of("bench").state, ignore_errors=True)
    validation.main(console)
    drift.main(console)
    gates.main(console)
    training.main(console)
    if checkpoints.main():
        return 1
    scoring.main(console)
    store.tell(console, store.measure())
    serving.show(console, 3, picture=Paths.of("bench").state / "serving.svg")
    rollback.main(console)
    stack = up("bench", tell=console.print)
    try:
        prepare(stack, console)
        pairs = []
        for number in range(ROUNDS):
            script, made = bare(stack)
            airflow, judged = pipeline(stack, number)
            model = next(file.sha256 for file in judged.files if file.name == "model.ubj")
            same = model == made["sha256"]
            console.print(f"round {number + 1}: bare {script:.1f} s, Airflow {airflow:.1f} s, same model bytes: {same}")
            if not same:
                console.print("[red]the two did not do the same work[/]")
                return 1
            pairs.append((script, airflow))
        tell(console, pairs)
        asking.main(console, stack)
    finally:
        down("bench")
    return 0


def prepare(stack: Stack, console: Console) -> None:
    """All months accepted, one training run behind us (so that no cache is cold), and nothing else at work."""
    with stack.airflow() as airflow:
        dags = [f"{MODEL}_{dag}" for dag in ("ingest", "train", "deploy")]
        airflow.wait_for_dags(*dags)
        for dag in airflow.dags():
            if dag not in dags[:2]:
                airflow.pause(dag)
        land(stack.paths.landing, MONTHS)
        console.print("landed all of 2013; waiting for the first run")
        wait(lambda: len(view(stack).of(CandidateJudged)) > 0 and all(run.ended for run in airflow.runs(dags[1])))
        airflow.pause(dags[0])


def bare(stack: Stack) -> tuple[float, dict[str, object]]:
    """Seconds of the bare script, in a fresh process with compiled modules, and what it made."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, str(PROJECT / "bench/bare.py"), "--landing", str(stack.paths.landing / "flights")]
    command += ["--code", str(PROJECT / f"include/models/{MODEL}/features.py")]
    command += ["--mlflow", f"http://127.0.0.1:{stack.ports.mlflow}", "--threads", str(len(os.sched_getaffinity(0)))]
    began = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"the bare script failed:\n{done.stderr[-3000:]}")
    return seconds, json.loads(done.stdout.splitlines()[-1])


def pipeline(stack: Stack, number: int) -> tuple[float, CandidateJudged]:
    """Seconds from the click to the end of the run, with features built anew, and its judgement."""
    shutil.rmtree(stack.paths.store / "features", ignore_errors=True)
    with stack.airflow() as airflow:
        conf = {"batches": len(MONTHS), "force": True, "note": f"bench {number}", "device": "cpu"}
        began = datetime.now(UTC)
        run = airflow.wait(airflow.trigger(f"{MODEL}_train", conf))
        if run.state != "success" or run.end is None:
            raise SystemExit(f"the run failed: {run}")
    return (run.end - began).total_seconds(), view(stack).of(CandidateJudged)[-1].body


def view(stack: Stack):
    """The ledger as it is now."""
    return Ledger(MODEL, open_store(str(stack.paths.store)), lambda: datetime.now(UTC)).view()


def wait(true, seconds: float = 300) -> None:
    """Poll."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise SystemExit("the first run did not end in time; see .everfit/bench/logs")
        time.sleep(0.5)


def tell(console: Console, pairs: list[tuple[float, float]]) -> None:
    """The medians and the ratio."""
    script, airflow = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for theirs, mine in pairs)
    table = Table("what", "seconds", "ratio", box=None)
    table.add_row("bare script, one fresh process", f"{script:.1f}", "1.00")
    table.add_row(f"{MODEL}_train in Airflow, from click to end", f"{airflow:.1f}", f"[bold]{ratio:.2f}[/]")
    console.print(table)
    console.print(
        f"aim: {AIM}; all 336,776 flights, medians of {ROUNDS} rounds in turns, Airflow idle during the script"
    )


if __name__ == "__main__":
    sys.exit(main())
