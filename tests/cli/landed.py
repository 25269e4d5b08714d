"""A toy's batches, landed as a source system would: the files first, the marker last."""

from __future__ import annotations

import csv
import random
from datetime import date, datetime, time, timedelta
from pathlib import Path


def land(landing: Path, partition: str, task: str = "binary", per_day: int = 20) -> Path:
    """A month of examples whose outcome follows from amount and kind, with some chance in it."""
    chance = random.Random(f"{partition} {task}")
    day = date.fromisoformat(f"{partition}-01")
    folder = landing / partition
    folder.mkdir(parents=True)
    with (folder / "examples.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["time", "amount", "kind", "outcome"])
        while day.strftime("%Y-%m") == partition:
            for hour in range(per_day):
                amount, kind = round(chance.uniform(0, 10), 3), chance.choice(["new", "known"])
                value = amount + (3 if kind == "new" else 0) + chance.gauss(0, 1)
                outcome = round(value, 3) if task == "regression" else int(value > 6.5)
                table.writerow([f"{datetime.combine(day, time(hour % 24)).isoformat()}Z", amount, kind, outcome])
            day += timedelta(days=1)
    (folder / "_SUCCESS").touch()
    return folder
