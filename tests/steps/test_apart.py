"""What is held out is not in training, and a gap keeps the two apart: nothing of it is learnt, judged or known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from everfit.engines.local import Local
from everfit.errors import DataError, SpecError
from everfit.features import load_code, read_tables, unpack
from everfit.ledger.entries import BatchAccepted
from everfit.spec import WindowSpec
from everfit.steps.apart import check_apart
from everfit.steps.build_features import build_features
from everfit.steps.feature_table import BATCH, FeatureTable
from everfit.steps.point_in_time import Rows
from everfit.steps.snapshot import TrainRequest, resolve, snapshot_of
from everfit.values import Batch, Features, FileHash, Snapshot, batch_sha256
from tests.steps.judging import House, build, month

CODE = """
INPUTS = ["carrier", "distance"]

def rows(tables):
    return tables["trips"]

def history(rows):
    return {"months": rows.assign(month=rows["left"].dt.month).groupby(["carrier", "month"], as_index=False).size()}

def features(rows, history):
    known = history["months"]["month"].max() if len(history["months"]) else 0
    return rows[["distance", "carrier"]].assign(newest_month=known)
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = build(tmp_path, "http://127.0.0.1:9")
    made.code(CODE)
    return made


def accept(house: House, number: int, change: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame) -> None:
    """A month as an accepted batch, changed first."""
    folder = house.root / f"batch-{uuid4().hex}"
    folder.mkdir()
    path = folder / "trips.parquet"
    frame = month(number).assign(trip=[f"{number}-{place}" for place in range(560)])
    change(frame).to_parquet(path, index=False)
    file = FileHash.of(path)
    partition, sha256 = f"2013-{number:02}", batch_sha256([file])
    batch = Batch(partition, 1, sha256, 560, (file,), house.ports.data.commit(folder, f"trips-{partition}"))
    house.ledger.append(f"arrival:{partition}", BatchAccepted(batch, folder.name, ""))


def snapshot(house: House, **window: Any) -> tuple[House, Snapshot]:
    spec = house.spec.model_copy(update={"window": WindowSpec(**({"batches": 3} | window))})
    changed = House(house.root, house.ports, spec)
    triggered = resolve(house.ports, spec, TrainRequest(f"r-{uuid4().hex}", "test", forced=True))
    assert triggered is not None
    return changed, snapshot_of(spec, triggered)


def built(house: House, **window: Any) -> tuple[Features, Snapshot]:
    changed, taken = snapshot(house, **window)
    return build_features(changed.ports, changed.spec, taken), taken


def again(share: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """The month with rows of January in place of its own first ones, as if it had sent them twice."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        count = round(share * len(frame))
        early = month(1).assign(trip=[f"1-{place}" for place in range(560)])
        labelled = early[early["late"].notna()]
        return pd.concat([labelled.head(count), frame.iloc[count:]], ignore_index=True)

    return change


def test_months_that_share_nothing_pass(house: House) -> None:
    for number in (1, 2, 3):
        accept(house, number)
    features, _ = built(house, key=["trip"])
    assert features.holdout_rows == 532


def test_rows_that_are_in_training_too_are_refused_with_count_and_examples(house: House) -> None:
    for number, change in ((1, again(0)), (2, again(0)), (3, again(0.05))):
        accept(house, number, change)
    said = r"28 of 560 held-out rows are in training too, with the same inputs, label and time: carrier=.*distance="
    with pytest.raises(DataError, match=said):
        built(house)
    assert house.ports.store.list("features") == []


def test_a_handful_of_twins_is_chance_where_no_key_says_otherwise(house: House) -> None:
    """Below one in a thousand rows: of 560 that is none, of 5,600 it is five."""
    many = month(3, per_day=200)
    few = again(0.001)(many.assign(trip=""))
    assert len(few) == 5600
    for number, change in ((1, again(0)), (2, again(0)), (3, lambda _: few.iloc[1:])):
        accept(house, number, change)
    features, _ = built(house)
    assert features.holdout_rows > 5000


def test_a_key_that_is_on_both_sides_is_refused_whatever_the_rest_of_the_row_says(house: House) -> None:
    for number in (1, 2):
        accept(house, number)
    accept(house, 3, lambda frame: frame.assign(trip=["1-7", None, *frame["trip"][2:]]))
    assert built(house)[0].holdout_rows == 532, "no two rows are the same"
    with pytest.raises(DataError, match=r"1 of 560 held-out rows are .* with the same key trip: trip=1-7"):
        built(house, key=["trip"])
    assert built(house, key=["trip", "left"])[0].holdout_rows == 532


def test_a_key_of_numbers_is_the_same_whether_or_not_a_batch_misses_some(house: House) -> None:
    accept(house, 1, lambda frame: frame.assign(trip=range(560)))
    accept(house, 2, lambda frame: frame.assign(trip=range(1000, 1560)))
    accept(house, 3, lambda frame: frame.assign(trip=[7.0, np.nan, *range(2000, 2558)]))
    with pytest.raises(DataError, match=r"1 of 560 held-out rows .* key trip: trip=7"):
        built(house, key=["trip"])


def test_a_key_that_rows_does_not_make_is_a_mistake(house: House) -> None:
    for number in (1, 2, 3):
        accept(house, number)
    with pytest.raises(SpecError, match=r"makes no column 'tripp', which window.key names; did you mean 'trip'"):
        built(house, key=["tripp"])


def test_a_gap_is_in_neither_part_and_the_holdout_knows_nothing_of_it(house: House, tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        accept(house, number)
    features, taken = built(house, batches=4, gap=1, at_least=4)
    assert [b.partition for b in taken.between] == ["2013-03"]
    table = FeatureTable.read(house.ports.store.local_file(features.table)).frame
    assert table.groupby(BATCH)["newest_month"].unique().map(list).to_dict() == {
        "2013-01": [0],
        "2013-02": [1],
        "2013-04": [2],
    }
    assert (features.training_rows, features.holdout_rows) == (1064, 532)
    unpack(house.ports.store.local_file(features.history), tmp_path / "history")
    assert read_tables(tmp_path / "history")["months"]["month"].max() == 4, "who is served may know all that there is"


def test_with_a_gap_rows_of_training_may_be_in_the_gap(house: House) -> None:
    for number, change in ((1, again(0)), (2, again(0)), (3, again(0.5)), (4, again(0))):
        accept(house, number, change)
    assert built(house, batches=4, gap=1, at_least=4)[0].holdout_rows == 532
    with pytest.raises(DataError, match="held-out rows are in training too"):
        built(house, **{"except": ["2013-04"]})


def test_it_is_quick(house: House) -> None:
    """A million rows whose times overlap, so that all of them are hashed."""
    rng, count = np.random.default_rng(0), 250_000
    spec = house.spec.model_copy(update={"window": WindowSpec(batches=4)})

    def frame() -> pd.DataFrame:
        left = pd.Timestamp("2013-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 720, count), unit="h")
        carrier = pd.Series(rng.choice(["AA", "UA", "WN"], count), dtype="str")
        return pd.DataFrame({"carrier": carrier, "distance": rng.random(count), "left": left, "late": 1.0})

    rows = [frame() for _ in range(4)]
    taken = Snapshot("m", tuple(Batch(str(n), 1, "a", count, (), "") for n in range(4)), 1)
    begun = perf_counter()
    code = load_code(spec.code_path)
    check_apart(spec, code, taken, [Rows(code, frame) for frame in rows], Local())
    assert perf_counter() - begun < 5
