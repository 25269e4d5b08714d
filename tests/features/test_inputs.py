"""What a caller sends reaches the feature code in the types that it had in training."""

import json

import numpy as np
import pandas as pd
import pytest

from everfit.errors import DataError, SpecError
from everfit.features import Input, Inputs
from everfit.values import dump, load


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "hour": [6, 7],
            "temp": [1.5, np.nan],
            "carrier": ["UA", None],
            "maker": pd.Categorical(["BOEING", None]),
            "charter": [True, False],
            "at": pd.to_datetime(["2013-01-01 06:00", "2013-01-01 07:00"]).tz_localize("America/New_York"),
            "outcome": [1, 2],
        }
    )


NAMES = ["hour", "temp", "carrier", "maker", "charter", "at"]


def test_kinds_are_learnt_and_types_are_always_the_same(rows: pd.DataFrame) -> None:
    inputs = Inputs.learn(rows, NAMES)
    assert [column.kind for column in inputs.inputs] == ["number", "number", "text", "text", "truth", "time"]
    asked = json.loads(json.dumps([{"at": "2013-01-01T11:00:00Z", "hour": 6, "carrier": "UA", "charter": True}]))
    request = pd.DataFrame(asked).assign(temp=None, maker=None)
    batch, request = inputs.read(rows), inputs.read(request)
    assert list(batch.columns) == NAMES
    assert batch.dtypes.to_dict() == request.dtypes.to_dict()
    assert request["at"][0] == batch["at"][0]
    assert request["temp"].isna().all()


def test_a_missing_value_beside_a_row_does_not_change_the_row(rows: pd.DataFrame) -> None:
    """As an int it would be the text 6 in a feature, as a float 6.0."""
    inputs = Inputs.learn(rows, ["hour"])
    alone, together = pd.DataFrame({"hour": [6]}), pd.DataFrame({"hour": [6, None]})
    assert str(inputs.read(alone)["hour"][0]) == str(inputs.read(together)["hour"][0])


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("hour", [6, "seven"], "column 'hour' must be a number; row 1 has 'seven'"),
        ("hour", ["6"], "column 'hour' must be a number; row 0 has '6'"),
        ("carrier", [3], "column 'carrier' must be text; row 0 has .*3"),
        ("charter", ["yes"], "column 'charter' must be true or false; row 0 has 'yes'"),
        ("at", ["last Monday"], "column 'at' must be a time"),
        ("at", ["2013-01-01", ""], "column 'at' must be a time: found '' .write null"),
        ("at", ["NaT"], "column 'at' must be a time: found 'NaT'"),
        ("hour", [{"a": 1}], "column 'hour' must be a number; row 0"),
    ],
)
def test_another_kind_of_thing_is_refused_by_column_and_row(
    rows: pd.DataFrame, name: str, values: list[object], said: str
) -> None:
    inputs = Inputs.learn(rows, NAMES)
    request = pd.concat([rows.head(1)] * len(values), ignore_index=True).astype({name: object})
    request[name] = pd.Series(values, dtype=object)
    with pytest.raises(DataError, match=said):
        inputs.read(request)


def test_a_missing_column_is_named_and_extra_ones_do_no_harm(rows: pd.DataFrame) -> None:
    inputs = Inputs.learn(rows, NAMES)
    assert "outcome" not in inputs.read(rows).columns
    with pytest.raises(DataError, match="no column 'hour'; did you mean 'hours'"):
        inputs.read(rows.rename(columns={"hour": "hours"}))


def test_an_input_of_mixed_things_is_a_wrong_spec() -> None:
    with pytest.raises(SpecError, match="input 'x' holds mixed"):
        Inputs.learn(pd.DataFrame({"x": pd.Series(["a", 1], dtype=object)}), ["x"])


def test_put_into_keeps_the_other_columns_and_the_frame_it_was_given(rows: pd.DataFrame) -> None:
    before = rows.copy()
    made = Inputs.learn(rows, NAMES).put_into(rows)
    assert list(made.columns) == list(rows.columns)
    assert made["hour"].dtype == np.float64
    pd.testing.assert_frame_equal(rows, before)


def test_inputs_survive_json() -> None:
    inputs = Inputs((Input("hour", "number"), Input("at", "time")))
    assert load(Inputs, json.loads(json.dumps(dump(inputs)))) == inputs


def test_a_truth_is_a_number_alone_and_beside_numbers() -> None:
    """As JSON brings them; found by schemathesis."""
    inputs = Inputs.learn(pd.DataFrame({"hour": [6.5]}), ["hour"])
    for values in ([True], [True, 1.5], [1, False, None], [2.5, None]):
        together = inputs.read(pd.DataFrame({"hour": pd.Series(values, dtype=object)}))["hour"]
        alone = [inputs.read(pd.DataFrame({"hour": [value]}))["hour"].iloc[0] for value in values]
        assert together.equals(pd.Series(alone, name="hour"))
