"""How often inferred expectations raise a false alarm, on the twelve real months of flights and weather.

Each month in turn is held, with Great Expectations, against what the others teach (leave one out), and against what the
months before it teach (as it would have been at the time). All twelve months are good, so that every failed expectation
is a false alarm, but for one: the wind of 1,048 miles an hour in February is an error of the weather station.

    python -m bench.false_alarms
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from everfit.validation.infer.profile import Profile, profile
from everfit.validation.infer.propose import Evidence, propose
from everfit.validation.stream import Part

FILES = {"flights": "flights.parquet", "weather": "weather.parquet"}
SHORTEST = 3


@dataclass(frozen=True)
class Alarm:
    """An expectation that a good month broke."""

    month: str
    table: str
    column: str | None
    severity: str
    wanted: str
    found: str


@dataclass(frozen=True)
class Tally:
    """What came of holding some months against some others."""

    months: int
    asked: Counter[str]
    alarms: tuple[Alarm, ...]

    def rate(self, severity: str) -> float:
        return sum(one.severity == severity for one in self.alarms) / self.asked[severity]

    def months_with(self, severity: str) -> int:
        return len({one.month for one in self.alarms if one.severity == severity})


def learn(folders: Sequence[Path], table: str) -> list[Profile]:
    """The profiles of a table in some months; the key candidates are followed from one to the next."""
    found: list[Profile] = []
    for folder in folders:
        part = Part(FILES[table], folder / FILES[table])
        found.append(profile(folder.name, [part], found[-1].keys if found else None))
    return found


def hold(folder: Path, table: str, known: Sequence[Path]) -> tuple[Counter[str], list[Alarm]]:
    """One month against what others teach."""
    from everfit.validation import gx
    from everfit.validation.read import read_table
    from everfit.validation.suites import Suite

    suite = Suite(folder / "inferred.json", propose(Evidence(learn(known, table))))
    checks = gx.run(suite, table, read_table(folder / FILES[table]))
    alarms = [
        Alarm(folder.name, table, check.column, check.severity, check.wanted, check.found)
        for check in checks
        if not check.passed
    ]
    return Counter(check.severity for check in checks), alarms


def measure(splits: Iterator[tuple[Path, Sequence[Path]]]) -> Tally:
    asked, alarms, months = Counter[str](), list[Alarm](), 0
    for folder, known in splits:
        months += 1
        for table in FILES:
            counts, found = hold(folder, table, known)
            asked += counts
            alarms += found
    return Tally(months, asked, tuple(alarms))


def leave_one_out(folders: Sequence[Path]) -> Iterator[tuple[Path, Sequence[Path]]]:
    return ((folder, [other for other in folders if other != folder]) for folder in folders)


def as_it_would_have_been(folders: Sequence[Path]) -> Iterator[tuple[Path, Sequence[Path]]]:
    return ((folders[place], folders[:place]) for place in range(SHORTEST, len(folders)))


def main() -> None:
    from tools.land_flights import MONTHS, land

    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with TemporaryDirectory() as root:
        folders = land(Path(root), MONTHS)
        for name, splits in (
            ("each month against the eleven others", leave_one_out(folders)),
            (f"each month from the {SHORTEST + 1}th on against those before", as_it_would_have_been(folders)),
        ):
            tally = measure(splits)
            print(f"\n{name}: {tally.months} months")
            for severity, asked in sorted(tally.asked.items()):
                alarms = sum(one.severity == severity for one in tally.alarms)
                months = tally.months_with(severity)
                print(f"  {severity}: {alarms} alarms of {asked} ({tally.rate(severity):.2%}), in {months} months")
            for one in tally.alarms:
                print(f"    {one.month} {one.severity} {one.table}.{one.column or '*'}: {one.wanted}; {one.found}")


if __name__ == "__main__":
    main()
