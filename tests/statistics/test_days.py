import numpy as np
import pandas as pd
import pytest

from everfit.statistics.days import days


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Asia/Tokyo", "Asia/Kolkata"])
def test_days_are_those_of_the_place_where_nights_are_quiet(zone):
    local = pd.date_range("2013-05-01", periods=28 * 24, freq="h", tz=zone)
    awake = local[(local.hour >= 5) & (local.hour <= 23)]
    hours = awake.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[h]").astype("int64")
    found = days(hours)
    assert pd.Series(found).groupby(awake.date).nunique().eq(1).all()
    assert len(np.unique(found)) == 28


def test_a_steady_stream_is_cut_every_24_hours():
    found = days(np.arange(24 * 10) + 5)
    assert set(np.diff(found)) == {0, 1}
    assert set(np.diff(np.flatnonzero(np.diff(found)))) == {24}


def test_rows_that_only_have_a_date_stay_apart():
    assert len(np.unique(days(24 * np.arange(5)))) == 5


def test_no_rows_no_days():
    assert len(days(np.empty(0, dtype=np.int64))) == 0
