"""What the two models know of a flight: only what is known before it leaves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from everfit.features import Columns, FeatureCode, Inputs, load_code
from everfit.features.plain import reader
from everfit.spec import load_spec
from everfit.steps.rows import read_tables
from tools.land_flights import land

KNOWN_TOO_LATE = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "late", "cancelled"}
FEBRUARY = "2013-02"


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    return land(tmp_path_factory.mktemp("landing"), ["2013-01", FEBRUARY, "2013-07"], 0.1)


@pytest.fixture(scope="module")
def delays() -> FeatureCode:
    return load_code(load_spec("flight_delays").code_path)


@pytest.fixture(scope="module")
def tables(landed: Sequence[Path]) -> Mapping[str, pd.DataFrame]:
    return read_tables(load_spec("flight_delays"), landed[1])


@pytest.fixture(scope="module")
def rows(delays: FeatureCode, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return delays.rows(tables)


@pytest.mark.parametrize("model", ["flight_delays", "flight_minutes"])
def test_nothing_that_is_known_too_late_is_an_input(model: str) -> None:
    assert not KNOWN_TOO_LATE & set(load_code(load_spec(model).code_path).inputs)


@pytest.mark.parametrize("model", ["flight_delays", "flight_minutes"])
def test_there_is_one_row_per_flight_in_the_order_of_the_file(model: str, landed: Sequence[Path]) -> None:
    spec = load_spec(model)
    found = read_tables(spec, landed[1])
    made = load_code(spec.code_path).rows(found)
    assert made["dest"].tolist() == found["flights"]["dest"].tolist()
    assert made["distance"].tolist() == found["flights"]["distance"].tolist()
    assert made["tailnum"].equals(found["flights"]["tailnum"])


def test_late_means_more_than_fifteen_minutes(rows: pd.DataFrame) -> None:
    arrived = rows[rows["arr_delay"].notna()]
    assert set(arrived.loc[arrived["arr_delay"] > 15, "late"]) == {1.0}
    assert set(arrived.loc[arrived["arr_delay"] <= 15, "late"]) == {0.0}
    assert 15.0 in set(arrived["arr_delay"])


def test_a_flight_that_never_arrived_has_no_label(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> None:
    flights = tables["flights"]
    never = flights["arr_delay"].isna()
    assert rows.loc[never, "late"].isna().all()
    assert rows.loc[~never, "late"].notna().all()
    diverted = never & flights["dep_time"].notna()
    assert diverted.any()
    assert not rows.loc[diverted, "cancelled"].any()
    assert rows.loc[never & ~diverted, "cancelled"].all()


def test_weather_is_the_latest_from_before_the_departure_hour(
    rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]
) -> None:
    weather = tables["weather"].assign(time_hour=pd.to_datetime(tables["weather"]["time_hour"], utc=True))
    checked = 0
    for _, row in rows.sample(60, random_state=1).iterrows():
        seen = weather[(weather["origin"] == row["origin"]) & (weather["time_hour"] < row["time_hour"])]
        seen = seen[seen["time_hour"] >= row["time_hour"] - pd.Timedelta(hours=3)].sort_values("time_hour")
        wanted = seen.iloc[-1]["temp"] if len(seen) else np.nan
        assert row["temp"] == wanted or (np.isnan(row["temp"]) and np.isnan(wanted))
        checked += len(seen) > 0
    assert checked > 50


def test_weather_of_the_departure_hour_changes_nothing(
    delays: FeatureCode, tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame
) -> None:
    hour = rows["time_hour"].max()
    later = pd.to_datetime(tables["weather"]["time_hour"], utc=True) >= hour
    stormy = tables["weather"].assign(wind_speed=tables["weather"]["wind_speed"].where(~later, 99.0))
    changed = delays.rows({**tables, "weather": stormy})
    assert later.any()
    pd.testing.assert_frame_equal(changed, rows)


@pytest.mark.parametrize("month", [1, 2])
def test_scheduled_minutes_follow_from_both_clocks(delays: FeatureCode, landed: Sequence[Path], month: int) -> None:
    """In winter and in summer, to places with and without summer time: near what the flights took in the end."""
    tables = read_tables(load_spec("flight_delays"), landed[month])
    made, flights = delays.rows(tables), tables["flights"]
    taken = flights["air_time"] + 35  # taxiing
    for dest in ("LAX", "PHX", "HNL", "BOS", "ORD", "DEN", "FLL"):
        there = (flights["dest"] == dest) & taken.notna()
        assert abs((made["scheduled_minutes"] - taken)[there].median()) < 30, dest


def test_history_is_shrunk_towards_the_mean_and_counts_cancelled_flights(
    delays: FeatureCode, rows: pd.DataFrame
) -> None:
    by_carrier = delays.history(rows)["carrier"].set_index("carrier")
    raw = rows.groupby("carrier")[["late", "cancelled"]].mean()
    mean, flights = rows["late"].mean(), rows["carrier"].value_counts()
    big, small = flights.index[0], flights.index[-1]
    assert abs(by_carrier.loc[big, "late"] - raw.loc[big, "late"]) < 0.02
    assert abs(by_carrier.loc[small, "late"] - mean) <= abs(raw.loc[small, "late"] - mean)
    assert by_carrier.loc[small, "flights"] == flights.iloc[-1]
    assert by_carrier["cancelled"].max() > 0


def test_a_plane_that_nobody_knows_has_no_facts(delays: FeatureCode, tables: Mapping[str, pd.DataFrame]) -> None:
    flights = tables["flights"].assign(tailnum="N0NE")
    made = delays.rows({**tables, "flights": flights})
    assert made[["plane_age", "seats", "engines", "maker"]].isna().all(axis=None)


def test_one_flight_at_a_time_gives_the_same_features(delays: FeatureCode, rows: pd.DataFrame) -> None:
    """What the model server makes of a single flight is what training made of the batch."""
    half = len(rows) // 2
    history, later = delays.history(rows.iloc[:half]), rows.iloc[half : half + 400].reset_index(drop=True)
    inputs = Inputs.learn(rows, delays.inputs)
    made = delays.features(inputs.read(later), history)
    columns = Columns.learn(made)
    sent = [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in later[list(delays.inputs)].astype(object).to_dict("records")
    ]
    found = reader(inputs, columns, delays.row_features(history))(sent)
    np.testing.assert_array_equal(found, columns.encode(made))
    assert found.shape == (400, len(columns.names))
