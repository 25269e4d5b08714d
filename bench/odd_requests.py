"""What looking at a row costs, and how many rows that are fine it flags: `python -m bench.odd_requests`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from everfit.features import Inputs, Ranges, load_code, sum_up
from everfit.predictor import Guard, Policy
from everfit.spec import AnswersSpec, load_spec
from everfit.steps.rows import read_tables
from everfit.steps.sample import as_sent
from tools.land_flights import land

MONTHS = [f"2013-{month:02}" for month in range(1, 13)]
LEARNT, LOOKED_AT, TIMES = 5, 3000, 50


def main() -> None:
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    spec = load_spec("flight_delays")
    code = load_code(spec.code_path)
    with tempfile.TemporaryDirectory() as folder:
        months = [code.rows(read_tables(spec, month)) for month in land(Path(folder), MONTHS, share)]
    months = [rows[rows[spec.label].notna()] for rows in months]
    inputs = Inputs.learn(months[0], code.inputs)
    begun = time.perf_counter()
    seen = [sum_up(inputs, inputs.read(rows)) for rows in months]
    print(f"{sum(map(len, months)):,} rows summed up in {time.perf_counter() - begun:.2f} s")
    for place in range(LEARNT, len(MONTHS)):
        guard = Guard(spec.task, inputs, Policy.of(AnswersSpec()), Ranges.merged(seen[place - LEARNT : place]))
        rows = as_sent(inputs.read(months[place].sample(min(LOOKED_AT, len(months[place])), random_state=1)))
        flags = [guard.look(row).flags for row in rows]
        far = sum("out_of_distribution" in row for row in flags) / len(rows)
        print(f"{MONTHS[place]}: {far:.2%} out of distribution, {sum(map(bool, flags)) / len(rows):.2%} flagged")
    odd = [{**row, "carrier": "??", "distance": 1e9, "tailnum": 1, "temp": "x"} for row in rows[:500]]
    print(f"a row of {len(inputs.names)} inputs: {_microseconds(guard, rows[:500]):.1f} us as they come, "
          f"{_microseconds(guard, odd):.1f} us with four odd ones")  # fmt: skip


def _microseconds(guard: Guard, rows: Sequence[Mapping[str, Any]]) -> float:
    """The best of many rounds: a busy machine makes the others slower."""
    best = float("inf")
    for _ in range(TIMES):
        begun = time.perf_counter()
        for row in rows:
            guard.look(row)
        best = min(best, time.perf_counter() - begun)
    return best / len(rows) * 1e6


if __name__ == "__main__":
    main()
