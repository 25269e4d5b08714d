"""What rows allow a caller to send: the same however they are cut into batches, and nothing that is somebody's own."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from everfit.features import Inputs, Ranges, Seen, sum_up
from everfit.features.seen import MOST_VALUES
from everfit.values import canonical, dump, load

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False) | st.none()


def of(*batches: pd.DataFrame) -> Ranges:
    inputs = Inputs.learn(pd.concat(batches, ignore_index=True), list(batches[0].columns))
    return Ranges.merged([sum_up(inputs, inputs.read(batch)) for batch in batches])


def flights(rows: int = 3000, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "hour": random.integers(5, 24, rows).astype(float),
            "delay": np.where(random.random(rows) < 0.1, np.nan, random.exponential(20, rows)),
            "carrier": random.choice(["UA", "AA", "HA"], rows, p=[0.6, 0.395, 0.005]),
            "passenger": [f"person {n}" for n in random.integers(0, rows, rows)],
            "charter": random.random(rows) < 0.2,
            "at": pd.Timestamp("2013-01-01", tz="UTC") + pd.to_timedelta(random.integers(0, 900, rows), unit="h"),
        }
    )


def test_one_batch_has_its_own_ends_and_quantiles():
    rows = flights()
    found = {one.name: one for one in of(rows).inputs}
    delay = found["delay"]
    assert (delay.low, delay.high) == (rows["delay"].min(), rows["delay"].max())
    assert delay.usual_low == pytest.approx(rows["delay"].quantile(0.01), rel=0.05)
    assert delay.usual_high == pytest.approx(rows["delay"].quantile(0.99), rel=0.05)
    assert delay.missing == rows["delay"].isna().mean()
    assert (found["carrier"].known, found["carrier"].rare) == (("AA", "HA", "UA"), ("HA",))
    assert [found[name].known for name in ("hour", "charter", "at")] == [None] * 3


def test_nothing_of_a_single_person_is_kept_as_a_category():
    rows = flights()
    rows.loc[0, "carrier"] = "Mrs Miller"
    text = json.dumps(dump(of(rows)))
    assert "person" not in text.replace("passenger", "")
    assert "Miller" not in text
    many = pd.DataFrame({"key": [f"k{n}" for n in range(MOST_VALUES + 1)] * 6})
    assert of(many).inputs[0].known is None


def test_rows_of_batches_that_have_each_a_few_are_counted_together():
    batch = pd.DataFrame({"carrier": ["UA"] * 97 + ["HA"] * 3})
    assert of(batch).inputs[0].known == ("UA",)
    assert of(batch, batch).inputs[0].known == ("HA", "UA")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=40), min_size=1, max_size=5))
@example([[0.0, 999_999_753.0], [0.0, 999_999_755.0]])
@example([[-999_999_755.0, 0.0], [-999_999_753.0, 0.0]])
@example([[1e9] * 40, [1e9, np.nextafter(1e9, 2e9)]])
def test_ends_are_exact_and_limits_lie_between_them(batches: list[list[float | None]]):
    frames = [pd.DataFrame({"x": pd.Series(one, dtype="float64")}) for one in batches]
    (found,) = of(*frames).inputs
    there = [value for one in batches for value in one if value is not None]
    if not there:
        assert (found.low, found.usual_low, found.missing) == (None, None, 1.0)
        return
    assert (found.low, found.high) == (min(there), max(there))
    assert found.low <= found.usual_low <= found.usual_high <= found.high


def test_the_quantiles_of_batches_together_are_those_of_all_rows_but_for_a_step():
    random = np.random.default_rng(5)
    batches = [pd.DataFrame({"x": random.normal(month, 3, 4000)}) for month in range(6)]
    (found,), whole = of(*batches).inputs, pd.concat(batches)["x"]
    assert (whole < found.usual_low).mean() == pytest.approx(0.01, abs=0.003)
    assert (whole > found.usual_high).mean() == pytest.approx(0.01, abs=0.003)


def test_equal_rows_in_another_order_give_equal_bytes():
    rows = flights()
    again = rows.sample(frac=1, random_state=3).reset_index(drop=True)
    assert canonical(dump(of(rows))) == canonical(dump(of(again)))


def test_it_survives_the_way_through_json():
    rows = flights(200)
    inputs = Inputs.learn(rows, list(rows.columns))
    seen = sum_up(inputs, inputs.read(rows))
    assert load(Seen, json.loads(canonical(dump(seen)))) == seen
    assert load(Ranges, json.loads(canonical(dump(of(rows))))) == of(rows)


def test_at_most_a_thousandth_of_the_training_rows_has_more_unusual_inputs_than_may_be():
    random = np.random.default_rng(1)
    rows = pd.DataFrame(random.normal(size=(20_000, 12)), columns=[f"x{n}" for n in range(12)])
    found = of(rows)
    outside = sum(
        ((rows[one.name] < one.usual_low) | (rows[one.name] > one.usual_high)).astype(int) for one in found.inputs
    )
    assert (outside > found.usual_inputs).mean() <= 0.001 < (outside > found.usual_inputs - 1).mean()


def test_no_rows_and_inputs_that_are_always_missing_allow_everything():
    empty = pd.DataFrame({"x": pd.Series([None, None], dtype="float64"), "t": pd.Series([None, None], dtype="str")})
    for one in of(empty).inputs:
        assert (one.missing, one.low, one.known) == (1.0, None, None)
