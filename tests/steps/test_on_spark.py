"""One word in the spec moves the work to Spark, and nothing else changes: compared with the local engine bit by bit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everfit.errors import DataError, EverfitError, SpecError
from everfit.ports import Cluster
from everfit.predictor import Predictor
from everfit.steps import scoring
from everfit.steps.build_features import build_features
from everfit.steps.rows import batch_rows
from everfit.steps.scoring import scorer
from everfit.steps.train import make_model
from everfit.steps.validate import validate
from everfit.values import Features, Inspection
from tests.spark import cluster
from tests.steps import test_ingest
from tests.steps.judging import House, build, month
from tests.steps.scoring import copied, furnished, house_in
from tests.workshop import Workshop, open_workshop
from tools.land_flights import land

pytestmark = pytest.mark.slow
MONTHS = ("2013-01", "2013-02", "2013-03")
house, months = test_ingest.house, test_ingest.months


def on_spark(workshop: Workshop, workers: int = 2) -> Workshop:
    moved = workshop.with_spec(engine="spark")
    return replace(moved, ports=replace(moved.ports, cluster=cluster(workers)))


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    return land(tmp_path_factory.mktemp("landing"), MONTHS, 0.02)


@pytest.fixture(scope="module")
def workshop(landed: Sequence[Path], tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return open_workshop(tmp_path_factory.mktemp("here"), landed)


@pytest.fixture(scope="module")
def elsewhere(landed: Sequence[Path], tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The same batches in another store, so that no engine finds what the other one made."""
    return on_spark(open_workshop(tmp_path_factory.mktemp("there"), landed))


@pytest.fixture(scope="module")
def features(workshop: Workshop) -> Features:
    return build_features(workshop.ports, workshop.spec, workshop.snapshot(*MONTHS))


def made_by_both(
    workshop: Workshop, elsewhere: Workshop, folder: Path, source: str, **spec: Any
) -> tuple[Features | str, Features | str]:
    """What either engine makes of a team's code, or what it has to say against it."""
    (folder / "features.py").write_text(dedent(source))
    changes = {"folder": folder, "label": "arr_delay", "task": "regression"} | spec
    found: list[Features | str] = []
    for where in (workshop, elsewhere):
        mine = where.with_spec(**changes)
        try:
            found.append(build_features(mine.ports, mine.spec, mine.snapshot(*MONTHS)))
        except EverfitError as error:
            found.append(f"{type(error).__name__}: {error}")
    return found[0], found[1]


def test_the_feature_table_of_the_flights_is_equal_to_the_byte(
    workshop: Workshop, elsewhere: Workshop, features: Features
) -> None:
    """Hashes of the table's and the history's file, number of rows, columns: all of `Features`."""
    assert build_features(elsewhere.ports, elsewhere.spec, elsewhere.snapshot(*MONTHS)) == features
    assert elsewhere.ports.store.list("features") == workshop.ports.store.list("features")


EXPRESSIONS = (
    "rows['distance'] / (1 + rows['hour'])",
    "rows['carrier']",
    "rows['carrier'].astype('category')",
    "rows['tailnum'].str[1:3]",
    "rows['hour'] > 12",
    "rows['carrier'].map(history['seen'].set_index('carrier')['delay'])",
    "rows['carrier'].map(history['seen'].set_index('carrier')['flights']).fillna(0).astype('int64')",
    "rows['distance'].where(rows['hour'] > 9)",
    "rows['tailnum'].isna()",
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=4, unique=True),
    key=st.booleans(),
    sums_up=st.booleans(),
)
def test_whatever_features_a_team_writes_are_equal_to_the_byte(
    workshop: Workshop, elsewhere: Workshop, tmp_path: Path, chosen: list[str], key: bool, sums_up: bool
) -> None:
    made = ", ".join(f"f{place}={one}" for place, one in enumerate(chosen))
    facts = "def facts(rows): return rows[['carrier', 'arr_delay']]" if sums_up else ""
    source = f"""
    import pandas as pd
    INPUTS = ["distance", "carrier", "hour", "tailnum"]
    {facts}
    def history(rows):
        of = rows.groupby("carrier", as_index=False)["arr_delay"]
        return {{"seen": of.mean().rename(columns={{"arr_delay": "delay"}}).assign(flights=of.size()["size"])}}
    def features(rows, history):
        return pd.DataFrame(index=rows.index).assign({made})
    """
    window = workshop.spec.window.model_copy(update={"key": ("carrier", "flight", "time_hour")} if key else {})
    here, there = made_by_both(workshop, elsewhere, tmp_path, source, window=window)
    assert isinstance(here, Features), here
    assert here == there


SUMS = """
    INPUTS = ["carrier"]
    def facts(rows):
        return rows.groupby("carrier", as_index=False).agg(flights=("carrier", "size"), miles=("distance", "sum"))
    def history(facts):
        return {"seen": facts.groupby("carrier", as_index=False).sum()}
    def features(rows, history):
        return rows.merge(history["seen"], on="carrier", how="left")
"""
ROWS = SUMS.replace("def facts(", "def _of(").replace("return {", "facts = _of(facts); return {")


def test_history_from_sums_of_batches_is_that_from_all_rows(
    workshop: Workshop, elsewhere: Workshop, tmp_path: Path
) -> None:
    """With facts(), no machine has to hold the rows of two batches; whole numbers add up in any order."""
    sums, on_cluster = made_by_both(workshop, elsewhere, tmp_path, SUMS)
    rows, _ = made_by_both(workshop, elsewhere, tmp_path, ROWS)
    assert isinstance(sums, Features), sums
    assert isinstance(rows, Features), rows
    assert sums == on_cluster
    assert sums.table.sha256 == rows.table.sha256
    assert sums.history.sha256 == rows.history.sha256


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("rows - rows.mean()", "SpecError: .*another value when fewer rows are asked for"),
        ("rows / 0", "DataError: feature 'distance' is infinite"),
        ("rows.assign(x=1 // 0)", r"SpecError: .*features.py:4: features\(\) failed with ZeroDivisionError"),
        ("history['none']", r"SpecError: .*failed with KeyError: 'none'"),
    ],
)
def test_what_is_wrong_with_features_is_told_in_the_same_words(
    workshop: Workshop, elsewhere: Workshop, tmp_path: Path, body: str, said: str
) -> None:
    source = f"""
    INPUTS = ["distance"]
    def features(rows, history):
        return {body}
    """
    here, there = made_by_both(workshop, elsewhere, tmp_path, source)
    assert here == there
    with pytest.raises((SpecError, DataError), match=said.partition(": ")[2]):
        raise (SpecError if said.startswith("SpecError") else DataError)(str(here))


def validated(house: Any, on: Cluster | None) -> Inspection:
    """A look at what was delivered, from a store in which nothing has been looked at before."""
    ports = replace(house.ports, cluster=on)
    spec = house.spec.model_copy(update={"engine": "spark" if on else "local"})
    (path,) = (house.root / "landing/flights").iterdir()
    files = tuple(sorted(one.name for one in path.iterdir() if one.name != "_SUCCESS"))
    (arrival,) = [one for one in test_ingest.waiting(ports, spec) if one.partition == path.name]
    assert arrival.files == files
    return validate(ports, spec, arrival)


@pytest.mark.parametrize("what", [None, "text in a column of numbers", "parquet that was cut off", "a missing column"])
def test_a_delivery_gets_the_same_verdicts_check_by_check(house: Any, what: str | None) -> None:
    if what:
        test_ingest.BAD[what][0](house.month)
    here, there = validated(house, None), validated(house, cluster())
    assert len(here.checks) > 20 or what
    assert there.checks == here.checks
    assert there == here
    assert there.accepted == (what is None)


def test_rows_are_withheld_one_by_one_by_either_engine(house: Any) -> None:
    """The marks of single rows come from several machines and are put together."""
    folder = house.root / "model"
    shutil.copytree(house.spec.folder, folder)
    path = folder / "expectations/flights.json"
    suite = json.loads(path.read_text())
    for column, most in (("distance", 2000), ("hour", 20)):
        kwargs = {"column": column, "min_value": 0, "max_value": most}
        meta = {"on_failure": "quarantine_rows"}
        suite["expectations"].append({"type": "expect_column_values_to_be_between", "kwargs": kwargs, "meta": meta})
    path.write_text(json.dumps(suite))
    tables = {**house.spec.data.tables}
    tables["flights"] = tables["flights"].model_copy(update={"quarantine_at_most": 0.5})
    data = house.spec.data.model_copy(update={"tables": tables})
    house = replace(house, spec=house.spec.model_copy(update={"folder": folder, "data": data}))
    here, there = validated(house, None), validated(house, cluster())
    assert here.withheld
    assert here.withheld[0].rows > 20
    assert there == here


def model(workshop: Workshop, features: Features, folder: Path) -> tuple[bytes, Predictor, Mapping[str, Any]]:
    folder.mkdir()
    snapshot = workshop.snapshot(*MONTHS)
    made = make_model(workshop.ports, workshop.spec, snapshot, features, "cpu", folder, lambda _: None)
    return made.fitted.trained.model, Predictor.load(made.folder), made.fitted.trained.curves


@pytest.fixture(scope="module")
def trained(
    workshop: Workshop, features: Features, tmp_path_factory: pytest.TempPathFactory
) -> tuple[bytes, Predictor, Mapping[str, Any]]:
    return model(workshop, features, tmp_path_factory.mktemp("model") / "local")


def test_one_worker_grows_the_trees_that_the_local_engine_grows(
    workshop: Workshop, features: Features, trained: tuple[bytes, Predictor, Mapping[str, Any]], tmp_path: Path
) -> None:
    """The spec samples rows and columns: chance is the same there too."""
    assert workshop.spec.train.params["subsample"] == 0.8
    alone, _, curves = model(on_spark(workshop, 1), features, tmp_path / "one")
    assert alone == trained[0]
    assert curves == trained[2]


def test_two_workers_grow_one_model_which_is_as_good_and_the_same_each_time(
    workshop: Workshop, features: Features, trained: tuple[bytes, Predictor, Mapping[str, Any]], tmp_path: Path
) -> None:
    first, _, curves = model(on_spark(workshop), features, tmp_path / "first")
    again, *_ = model(on_spark(workshop), features, tmp_path / "again")
    assert first == again != trained[0]
    assert curves["holdout_auc"][-1] == pytest.approx(trained[2]["holdout_auc"][-1], abs=0.03)
    assert curves["train_auc"][-1] > 0.75, "each has learnt from more than noise"
    assert workshop.ports.store.list("shares") == [], "nothing that was shared out is left"


def test_scores_are_equal_to_the_bit_in_pieces_and_in_one(
    workshop: Workshop, trained: tuple[bytes, Predictor, Mapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = trained[1]
    batch = workshop.snapshot(*MONTHS).held_out[0]
    rows = batch_rows(workshop.ports, workshop.spec, predictor.code, batch)
    mine = on_spark(workshop)
    far = scorer(mine.ports, mine.spec, predictor)
    assert scorer(workshop.ports, workshop.spec, predictor) is predictor
    whole = predictor.predict(rows)
    np.testing.assert_array_equal(far.predict(rows), whole)
    monkeypatch.setattr(scoring, "PIECE", 60_000)
    monkeypatch.setattr(scoring, "AT_ONCE", 2)
    np.testing.assert_array_equal(far.predict(rows), whole)
    np.testing.assert_array_equal(far.predict(rows.iloc[:0]), np.empty(0))


def test_a_model_goes_through_all_steps_on_spark_as_it_does_here(tmp_path: Path, mlflow: Any) -> None:
    """Features, training, scoring of candidate and champion, verdicts: with one worker every number is the same."""
    said = []
    for engine in ("local", "spark"):
        made: House = build(tmp_path / engine, mlflow.url)
        made.ports = replace(made.ports, cluster=cluster(1))
        made.spec = made.spec.model_copy(update={"engine": engine})
        made.accept(1, 2, 3)
        old = made.trained("first")
        made.crown(old.register().version)
        made.accept(4)
        new = made.trained("second")
        found, judged = new.evaluate(), new.judge()
        model = next(file.sha256 for file in new.candidate.files if file.name == "model.ubj")
        said.append((new.features.table.sha256, model, found.metrics, found.evidence.sha256, judged.verdicts))
    assert said[0] == said[1]
    assert set(said[0][2]) == {"candidate", "champion", "baseline"}
    assert month(4)["late"].notna().sum() == 532


def test_a_batch_is_scored_on_spark_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "PIECE", 4_000)
    house = furnished(house_in(tmp_path / "house", f"toy_{uuid4().hex[:8]}"))
    far = copied(house, tmp_path / "far")
    far = replace(far, spec=far.spec.model_copy(update={"engine": "spark"}))
    far = replace(far, ports=replace(far.ports, cluster=cluster(2)))
    for one in (house, far):
        one.stage(0.4, "plane", shadow=True)
    here, there = house.scored(), far.scored()
    assert (there.file, there.shadows) == (here.file, here.shadows)
    assert {"unseen_category:carrier"} == {flag for flags in far.frame(there.file)["flags"] for flag in flags}
