"""The landing tool delivers real months, always as the same bytes, and shows a month only when it is whole."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tools.land_flights import MONTHS, land

FILES = {"flights.parquet", "weather.parquet", "planes.csv", "airports.csv", "_SUCCESS"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_month_is_whole_and_always_the_same_bytes(tmp_path: Path):
    one, other = land(tmp_path / "a", ["2013-02"])[0], land(tmp_path / "b", ["2013-01", "2013-02"])[1]

    assert one == tmp_path / "a" / "flights" / "2013-02"
    assert content(one).keys() == FILES
    assert content(one) == content(other)
    assert len(pd.read_parquet(one / "flights.parquet")) == 24_951


def test_the_year_is_whole(tmp_path: Path):
    flights = [pd.read_parquet(folder / "flights.parquet") for folder in land(tmp_path, MONTHS)]

    assert sum(map(len, flights)) == 336_776
    assert [set(month["month"]) for month in flights] == [{number} for number in range(1, 13)]
    assert all(str(month["time_hour"].dtype).endswith("UTC]") for month in flights)


def test_a_share_keeps_the_same_flights_evenly_spread(tmp_path: Path):
    folder, again = land(tmp_path / "a", ["2013-05"], 0.1)[0], land(tmp_path / "b", ["2013-05"], 0.1)[0]
    few = pd.read_parquet(folder / "flights.parquet")

    assert content(folder) == content(again)
    assert len(few) == 2_879
    assert few["day"].value_counts().between(60, 110).all()


def test_a_second_delivery_replaces_the_first(tmp_path: Path):
    folder = land(tmp_path, ["2013-05"], 0.1)[0]
    whole = content(folder)
    (folder / "planes.csv").write_text("torn")

    assert content(land(tmp_path, ["2013-05"], 0.1)[0]) == whole
    assert [path.name for path in folder.parent.iterdir()] == ["2013-05"]


@pytest.mark.parametrize(("month", "share"), [("2014-01", 1.0), ("may", 1.0), ("2013-05", 0), ("2013-05", 1.5)])
def test_nonsense_is_refused_before_anything_lands(tmp_path: Path, month: str, share: float):
    with pytest.raises(ValueError, match=r"the data has no month|share must be"):
        land(tmp_path, ["2013-05", month], share)
    assert not list(tmp_path.iterdir())


def test_the_command_line_lands_what_it_is_told(tmp_path: Path):
    command = [sys.executable, "-m", "tools.land_flights", "--into", str(tmp_path), "--share", "0.02", "2013-03"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])

    assert "2013-03" in done.stdout
    assert content(tmp_path / "flights" / "2013-03").keys() == FILES


def test_the_command_line_says_which_months_there_are(tmp_path: Path):
    command = [sys.executable, "-m", "tools.land_flights", "--into", str(tmp_path), "2012-01"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])

    assert done.returncode == 2
    assert "the data has no month 2012-01; it has 2013-01 to 2013-12" in done.stderr
