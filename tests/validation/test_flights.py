"""All twelve real months pass their expectations, whole and in part."""

from pathlib import Path

import pytest

from everfit.validation import gx
from everfit.validation.ask import ask
from everfit.validation.read import read_table
from everfit.validation.stream import Part
from everfit.validation.suites import load_suite
from tools.land_flights import MONTHS, land

FILES = {
    "flights": "flights.parquet",
    "weather": "weather.parquet",
    "planes": "planes.csv",
    "airports": "airports.csv",
}


@pytest.mark.parametrize("share", [1.0, 0.1])
def test_every_real_month_is_accepted(tmp_path: Path, expectations: Path, share: float):
    changing = ("flights", "weather")
    warnings = []
    for folder in land(tmp_path, MONTHS, share):
        for table in FILES if folder.name == MONTHS[0] else changing:  # planes and airports are the same every month
            suite, part = load_suite(expectations / f"{table}.json"), Part(FILES[table], folder / FILES[table])
            answer = ask(suite, table, [part])
            checks = answer.checks
            if folder.name == MONTHS[0]:
                assert checks == gx.run(suite, table, read_table(part.path))
            failed = [check for check in checks if not check.passed]
            assert not [check for check in failed if check.severity == "critical"], folder.name
            warnings += [(folder.name, check.column, check.found) for check in failed]

    # A wind of 1,048 miles an hour really is in the data.
    assert warnings == [("2013-02", "wind_speed", "1 of 2010 rows outside (0.05%), such as 1048.361")]
