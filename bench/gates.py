"""Seconds that each gate takes to judge a holdout of 100,000 rows, against one read of its evidence file.

`make bench` prints it; alone: `python -m bench.gates`, or with another number of rows as argument.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from everfit.gates import Evidence
from everfit.spec.building import gate_from

ROWS, COLUMNS, DAYS = 100_000, 30, 30
ROUNDS = 3
ASKED: Mapping[str, Any] = {
    "answers_sanely": "answers_sanely",
    "above_bar, AUC": {"above_bar": {"metric": "auc", "at_least": 0.6}},
    "beats_baseline": {"beats_baseline": {"loss": "log_loss"}},
    "beats_champion": {"beats_champion": {"loss": "log_loss"}},
    "beats_champion, AUC": {"beats_champion": {"loss": "auc"}},
    "not_worse_than_champion": {"not_worse_than_champion": {"loss": "brier", "margin": 0.01}},
    "harms_no_slice, 50 slices": {"harms_no_slice": {"loss": "log_loss", "margin": 0.02, "by": ["text 0", "text 1"]}},
    "no_hidden_harm, 30 columns": {"no_hidden_harm": {"loss": "log_loss"}},
    "treats_groups_alike, 25 groups": {
        "treats_groups_alike": {"by": ["text 0"], "measure": "equalised_odds", "within": 0.1}
    },
    "is_calibrated": "is_calibrated",
}
"""What judges from scores and columns alone; the gates that ask the model too are as slow as it is."""


def evidence(rows: int) -> Evidence:
    """Two models that see the truth through noise, and columns that say nothing: 10 of texts, 20 of numbers."""
    rng = np.random.default_rng(2013)
    day = np.sort(rng.integers(0, DAYS, rows))
    logit = rng.normal(-1.2, 0.8, rows) + rng.normal(0, 0.4, DAYS)[day]
    noise = 0.1 * rng.normal(0, 1, (2, rows)) + 0.2 * rng.normal(0, 1, (2, DAYS))[:, day]
    candidate, champion = 1 / (1 + np.exp(-(logit + noise)))
    names = np.array([f"{number:02}" for number in range(25)], dtype=object)
    about = {f"text {place}": rng.choice(names, rows) for place in range(COLUMNS // 3)}
    about |= {f"number {place}": rng.normal(0, 1, rows) for place in range(COLUMNS - len(about))}
    y = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(float)
    return Evidence("binary", y, candidate, champion, np.full(rows, 0.27), day, about=about)


def measure(rows: int) -> dict[str, float]:
    """Median seconds of the read and of each gate, in turns."""
    with tempfile.TemporaryDirectory(prefix="everfit-bench-") as folder:
        path = Path(folder, "evidence.parquet")
        evidence(rows).to_frame().to_parquet(path, index=False)
        kept = Evidence.from_frame(pd.read_parquet(path))
        work: dict[str, Callable[[], object]] = {"one read": lambda: pd.read_parquet(path)}
        gates = {name: gate_from(asked) for name, asked in ASKED.items()}
        work |= {name: (lambda gate=gate: gate.judge(kept)) for name, gate in gates.items()}
        for one in work.values():
            one()
        taken = [{name: timed(one) for name, one in work.items()} for _ in range(ROUNDS)]
    return {name: statistics.median(seconds[name] for seconds in taken) for name in work}


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def tell(console: Console, rows: int, seconds: dict[str, float]) -> None:
    """The seconds, and each as a ratio to the read."""
    table = Table("what", "seconds", "ratio", box=None)
    for name, one in seconds.items():
        table.add_row(name, f"{one:.3f}", f"{one / seconds['one read']:.1f}")
    console.print(table)
    console.print(f"{rows:,} rows, {COLUMNS} columns, medians of {ROUNDS}")


def main(console: Console, rows: int = ROWS) -> None:
    """Measure and print."""
    tell(console, rows, measure(rows))


if __name__ == "__main__":
    main(Console(), *map(int, sys.argv[1:]))
