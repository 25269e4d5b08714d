"""A model folder scores raw rows exactly as training scored its holdout."""

import json
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest

from everfit.errors import Corrupted, DataError, SpecError
from everfit.features import Columns, Inputs, load_code
from everfit.models import Rows, Terms, Training
from everfit.models.xgboost import XGBoost
from everfit.predictor import Card, Predictor, write_model_folder
from everfit.values import dump

CODE = dedent("""
    INPUTS = ["hour", "carrier", "charter", "at"]

    def history(rows):
        return {"carrier": rows.groupby("carrier")[["late"]].mean().reset_index()}

    def features(rows, history):
        known = rows[["carrier"]].merge(history["carrier"], on="carrier", how="left")
        slot = rows["carrier"].str.cat(rows["hour"].astype(str), na_rep="?")
        return rows[["hour", "carrier", "charter"]].assign(
            weekday=rows["at"].dt.weekday, carrier_late=known["late"], slot=slot, part=10 / (12 - rows["hour"])
        )
""")


def make_rows(n: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(3)
    rows = pd.DataFrame(
        {
            "hour": random.integers(5, 12, n),
            "carrier": random.choice(["UA", "AA", "B6", "DL"], n),
            "charter": random.random(n) < 0.2,
            "at": pd.Timestamp("2013-01-01", tz="UTC") + pd.to_timedelta(random.integers(0, 700, n), unit="h"),
        }
    )
    late = (rows["hour"] > 9) ^ (rows["carrier"] == "UA") ^ (rows["at"].dt.weekday > 4) ^ (random.random(n) < 0.1)
    return rows.assign(late=late.astype(float))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models") / "model")


def write(folder: Path) -> Path:
    """A model folder as training leaves it."""
    (folder.parent / "features.py").write_text(CODE)
    rows, code = make_rows(), load_code(folder.parent / "features.py")
    inputs = Inputs.learn(rows, code.inputs)
    history = code.history(inputs.put_into(rows))
    features = code.features(inputs.read(rows), history)
    columns = Columns.learn(features)
    part = Rows(columns.encode(features), rows["late"].to_numpy(np.float32))
    algorithm = XGBoost(rounds=12)
    data = Training("binary", columns.names, columns.kinds, part, part)
    trained = algorithm.fit(data, Terms("cpu", 1, lambda _: None))
    card = Card(
        model="toy",
        task="binary",
        label="late",
        algorithm="xgboost",
        params=dump(algorithm),
        seed=1,
        snapshot="5nap5h0t",
        code=code.sha256,
        inputs=inputs,
        columns=columns,
        history=tuple(history),
        libraries={"xgboost": "3"},
    )
    return write_model_folder(folder, card, trained.model, code, history)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "model"))


def bytes_in(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_holds_four_kinds_of_file_and_no_pickle(folder: Path) -> None:
    assert sorted(bytes_in(folder)) == ["everfit.json", "features.py", "history/carrier.parquet", "model.ubj"]
    assert not [path for path in folder.parent.iterdir() if path.name.startswith(".")]


def test_writing_again_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    assert bytes_in(write(tmp_path / "model")) == bytes_in(folder)


def test_an_old_folder_is_replaced_whole(copy: Path, folder: Path) -> None:
    (copy / "stray.txt").write_text("x")
    (copy.parent / f".{copy.name}.half").mkdir()
    write(copy)
    assert bytes_in(copy) == bytes_in(folder)


def test_a_row_scores_the_same_alone_and_in_bulk_bit_by_bit(folder: Path) -> None:
    predictor, rows = Predictor.load(folder), make_rows(120)
    bulk = predictor.predict(rows)
    assert bulk.dtype == np.float64
    assert 0 < bulk.min() < bulk.max() < 1
    assert bulk.tolist() == [predictor.predict(rows.iloc[[place]])[0] for place in range(len(rows))]
    assert bulk[::-1].tolist() == predictor.predict(rows[::-1]).tolist()


def test_a_row_scores_the_same_as_json_beside_incomplete_rows(folder: Path) -> None:
    predictor, rows = Predictor.load(folder), make_rows(50)
    asked = json.loads(rows.to_json(orient="records", date_format="iso"))
    empty = dict.fromkeys(predictor.inputs)
    scores = predictor.predict(pd.DataFrame([*asked, empty, {**asked[0], "carrier": "ZZ"}]))
    assert scores[:50].tolist() == predictor.predict(rows).tolist()
    assert np.isfinite(scores).all()


def test_the_label_and_other_columns_are_ignored(folder: Path) -> None:
    predictor, rows = Predictor.load(folder), make_rows(20)
    turned = rows.assign(late=1 - rows["late"], hello="x")[["hello", "late", "at", "charter", "carrier", "hour"]]
    assert predictor.predict(turned).tolist() == predictor.predict(rows).tolist()


def test_a_missing_column_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match="no column 'carrier'; did you mean 'carier'"):
        Predictor.load(folder).predict(make_rows(3).rename(columns={"carrier": "carier"}))


def test_another_kind_of_value_and_an_infinite_feature_are_named(folder: Path) -> None:
    predictor, rows = Predictor.load(folder), make_rows(3)
    with pytest.raises(DataError, match="column 'hour' must be a number; row 0 has 'six'"):
        predictor.predict(rows.assign(hour="six"))
    with pytest.raises(DataError, match="feature 'part' is infinite in 3 of 3 rows"):
        predictor.predict(rows.assign(hour=12))


def test_no_rows_have_no_scores(folder: Path) -> None:
    assert Predictor.load(folder).predict(make_rows(3).head(0)).tolist() == []


def test_many_threads_may_share_one(folder: Path) -> None:
    predictor, rows = Predictor.load(folder), make_rows(60)
    wanted, found = predictor.predict(rows).tolist(), []
    threads = [threading.Thread(target=lambda: found.append(predictor.predict(rows).tolist())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 8


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("everfit.json", r"is no model folder: it has no everfit\.json"),
        ("model.ubj", r"it lacks model\.ubj"),
        ("features.py", r"it lacks features\.py"),
        ("history/carrier.parquet", r"it lacks history/carrier\.parquet"),
    ],
)
def test_a_folder_that_is_not_whole_is_corrupted(copy: Path, name: str, said: str) -> None:
    (copy / name).unlink()
    with pytest.raises(Corrupted, match=said):
        Predictor.load(copy)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("everfit.json", Corrupted, "does not describe a model"),
        ("model.ubj", Corrupted, "is not a model that XGBoost"),
        ("history/carrier.parquet", Corrupted, "history table in"),
        ("features.py", SpecError, "does not load"),
    ],
)
def test_a_damaged_file_is_reported(copy: Path, name: str, kind: type[Exception], said: str) -> None:
    (copy / name).write_bytes(b"{ damaged")
    with pytest.raises(kind, match=said):
        Predictor.load(copy)


def test_two_versions_with_different_code_live_side_by_side(copy: Path, folder: Path) -> None:
    code = (copy / "features.py").read_text()
    (copy / "features.py").write_text(code.replace('rows["at"].dt.weekday', "99"))
    rows = make_rows(30)
    other, first = Predictor.load(copy), Predictor.load(folder)
    assert other.predict(rows).tolist() != first.predict(rows).tolist()
    assert first.predict(rows).tolist() == Predictor.load(folder).predict(rows).tolist()
