from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from everfit.gates import Evidence, Standing


@pytest.mark.parametrize("champion", [True, False])
def test_parquet_brings_it_back(champion, binary, tmp_path):
    made = binary() if champion else replace(binary(), champion=None, champion_saw_holdout=True)
    made = replace(made, candidate=np.where(np.arange(made.rows) == 7, np.nan, made.candidate))
    made.to_frame().to_parquet(tmp_path / "evidence.parquet")
    back = Evidence.from_frame(pd.read_parquet(tmp_path / "evidence.parquet"))
    assert (back.task, back.champion_saw_holdout, back.champion is None) == ("binary", not champion, not champion)
    pd.testing.assert_frame_equal(back.to_frame(), made.to_frame())
    assert back.to_frame().attrs == made.to_frame().attrs


def test_the_constant_for_the_absolute_loss_is_the_median(regression):
    evidence = regression()
    assert evidence.baseline_for("absolute") is evidence.baseline_median
    assert evidence.baseline_for("squared") is evidence.baseline
    assert replace(evidence, baseline_median=None).baseline_for("absolute") is evidence.baseline


def test_another_table_is_no_evidence():
    with pytest.raises(ValueError, match="no evidence: it has no baseline, candidate, clusters, y"):
        Evidence.from_frame(pd.DataFrame({"x": [1]}))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"candidate": np.zeros(3)}, "labels but 3 values of candidate"),
        ({"champion": np.zeros(3)}, "labels but 3 values of champion"),
        ({"task": "clustering"}, "ranking or survival, found 'clustering'"),
    ],
)
def test_what_does_not_fit_is_refused(change, says, binary):
    with pytest.raises(ValueError, match=says):
        binary(**change)


def test_labels_must_be_there_and_fit_the_task(binary):
    y = binary().y
    with pytest.raises(ValueError, match="without a label"):
        binary(y=np.where(y == 1, np.nan, y))
    with pytest.raises(ValueError, match="other than 0 and 1"):
        binary(y=y + 1)


def test_what_is_known_of_the_rows_and_what_was_measured_comes_back(binary, tmp_path):
    rows = binary().rows
    carriers = np.array(["UA", None, "AA"], dtype=object)[np.arange(rows) % 3]
    made = replace(
        binary(),
        about={"carrier": carriers, "distance": np.arange(rows) / 2},
        measured={"behaves": {"violated": 3}, "behaves_2": {"violated": 0}},
        standing=Standing(level=0.982, uses=4),
    )
    made.to_frame().to_parquet(tmp_path / "evidence.parquet")
    back = Evidence.from_frame(pd.read_parquet(tmp_path / "evidence.parquet"))
    np.testing.assert_array_equal(back.about["carrier"], carriers)
    np.testing.assert_array_equal(back.about["distance"], np.arange(rows) / 2)
    assert back.standing == made.standing
    assert [back.of(label).measured for label in ("behaves_2", "above_bar")] == [{"violated": 0}, {}]
    with pytest.raises(ValueError, match=f"{rows} labels but 3 values of about.gate"):
        replace(made, about={"gate": np.zeros(3)})


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_naive_forecasts_come_back(task, binary, of_task, tmp_path):
    made = binary() if task == "binary" else of_task(task)
    made = replace(made, naive={"last by plane for brier": made.baseline / 2, "day for brier": made.baseline})
    made.to_frame().to_parquet(tmp_path / "evidence.parquet")
    back = Evidence.from_frame(pd.read_parquet(tmp_path / "evidence.parquet"))
    assert list(back.naive) == list(made.naive)
    for name, values in made.naive.items():
        np.testing.assert_array_equal(back.naive[name], values)
    with pytest.raises(ValueError, match="the scores of the day have shape"):
        replace(made, naive={"day": np.zeros((made.rows, 7))})
