"""Everybody is scored on the same rows, and nobody on rows whose answers it knows."""

import json

import mlflow as mlflow_library
import numpy as np
import pandas as pd
import pytest

from everfit.errors import SpecError
from everfit.gates import Evidence
from everfit.predictor import Predictor
from everfit.spec import WindowSpec
from everfit.steps.feature_table import LABEL
from everfit.values import StoredFile
from tests.steps.judging import CODE, House, Trained, build, month


@pytest.fixture
def house(tmp_path, mlflow) -> House:
    made = build(tmp_path, mlflow.url)
    made.accept(1, 2, 3)
    return made


@pytest.fixture(scope="module")
def first(tmp_path_factory, mlflow) -> Trained:
    """The first model of a house, shared by the tests that only look at it."""
    made = build(tmp_path_factory.mktemp("first"), mlflow.url)
    made.accept(1, 2, 3)
    return made.trained("first")


def evidence_in(house: House, file: StoredFile) -> Evidence:
    return Evidence.from_frame(pd.read_parquet(house.ports.store.local_file(file)))


def predictor_of(house: House, candidate) -> Predictor:
    return Predictor.load(house.ports.registry.model_files(candidate.mlflow_run, candidate.files))


def test_the_first_model_is_scored_on_the_labelled_rows_of_the_newest_month(first):
    found = first.evaluate()
    evidence, raw = evidence_in(first.house, found.evidence), month(3)
    labelled = raw[raw["late"].notna()]
    learnt = pd.concat([month(1), month(2)])["late"].dropna()
    assert found.holdout_rows == evidence.rows == len(labelled) == 532
    np.testing.assert_array_equal(evidence.y, labelled["late"])
    np.testing.assert_allclose(evidence.baseline, learnt.mean())
    assert set(evidence.baseline_median) == {learnt.median()}
    assert (found.champion, found.champion_saw_holdout, evidence.champion) == (None, False, None)
    assert set(found.metrics) == {"candidate", "baseline"}
    assert found.metrics["candidate"]["auc"] > 0.65 > found.metrics["baseline"]["auc"] == 0.5


def test_rows_of_a_day_share_a_cluster(first):
    evidence = evidence_in(first.house, first.evaluate().evidence)
    raw = month(3)
    days = raw.loc[raw["late"].notna(), "left"].dt.date
    assert len(np.unique(evidence.clusters)) == days.nunique() == 28
    assert pd.Series(evidence.clusters).groupby(days.to_numpy()).nunique().eq(1).all()


def test_the_candidate_does_not_know_the_holdout_that_it_is_scored_on(first):
    evidence = evidence_in(first.house, first.evaluate().evidence)
    predictor, raw = predictor_of(first.house, first.candidate), month(3)
    table = predictor.code.features(raw, predictor.code.history(pd.concat([month(1), month(2)])))
    np.testing.assert_allclose(evidence.candidate, predictor.score(table)[raw["late"].notna()], rtol=1e-6)


def test_the_sample_holds_what_a_server_must_answer(first):
    found = first.evaluate()
    said = json.loads(first.house.ports.store.local_file(found.sample).read_bytes())
    rows = pd.DataFrame(said["rows"])
    assert len(rows) == len(said["scores"]) == 200
    assert list(rows) == ["carrier", "distance", "left"]
    raw = month(3)
    assert said["rows"][0]["distance"] == raw["distance"].iloc[0]
    assert said["rows"][-1]["distance"] == raw["distance"].iloc[-1]
    np.testing.assert_array_equal(predictor_of(first.house, first.candidate).predict(rows), said["scores"])


def test_asked_again_it_does_nothing_again(first):
    found = first.evaluate()
    before = {
        path: path.stat().st_mtime_ns for path in (first.house.root / "store" / "evidence").rglob("*") if path.is_file()
    }
    assert len(before) == 4
    assert first.evaluate() == found
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_metrics_and_pictures_are_in_the_mlflow_run(first, mlflow):
    found = first.evaluate()
    client = mlflow_library.MlflowClient(mlflow.url)
    run = client.get_run(first.candidate.mlflow_run)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["candidate_auc"] == pytest.approx(found.metrics["candidate"]["auc"])
    assert run.data.metrics["baseline_log_loss"] == pytest.approx(found.metrics["baseline"]["log_loss"])
    plots = {file.path for file in client.list_artifacts(first.candidate.mlflow_run, "plots")}
    assert {"plots/roc.png", "plots/calibration.png", "plots/scores.png"} <= plots


def test_a_champion_is_asked_as_it_is_in_production(house):
    old = house.trained("first")
    house.crown(old.register().version)
    house.accept(4)
    new = house.trained("second")
    found = new.evaluate()
    evidence, raw = evidence_in(house, found.evidence), month(4)
    np.testing.assert_array_equal(
        evidence.champion, predictor_of(house, old.candidate).predict(raw)[raw["late"].notna()]
    )
    np.testing.assert_array_equal(evidence.y, raw["late"].dropna())
    assert (found.champion, found.champion_saw_holdout) == (1, False)
    assert set(found.metrics) == {"candidate", "champion", "baseline"}


def test_a_champion_keeps_its_own_feature_code(house):
    old = house.trained("first")
    house.crown(old.register().version)
    house.accept(4)
    house.code(CODE.replace('["distance", "carrier"]', '["carrier"]'))
    evidence, raw = evidence_in(house, house.trained("second").evaluate().evidence), month(4)
    np.testing.assert_array_equal(
        evidence.champion, predictor_of(house, old.candidate).predict(raw)[raw["late"].notna()]
    )


def test_a_champion_judged_on_this_month_before_must_not_know_it(house):
    """Its bundle carries the history of the month that was held out from its training: that must not help it here."""
    old = house.trained("first")
    house.crown(old.register().version)
    evidence, raw = evidence_in(house, house.trained("again").evaluate().evidence), month(3)
    predictor = predictor_of(house, old.candidate)
    earlier = predictor.code.history(pd.concat([month(1), month(2)]))
    honest = predictor.score(predictor.code.features(raw, earlier))
    np.testing.assert_allclose(evidence.champion, honest[raw["late"].notna()], rtol=1e-6)
    assert not np.array_equal(evidence.champion, predictor.predict(raw)[raw["late"].notna()])


def test_a_champion_that_learnt_from_the_holdout_is_not_scored(house):
    house.accept(4)
    house.crown(house.trained("newest").register().version)
    found = house.trained("older", until="2013-03").evaluate()
    assert (found.champion, found.champion_saw_holdout) == (1, True)
    assert evidence_in(house, found.evidence).champion is None
    assert "champion" not in found.metrics


def with_gap(house: House) -> House:
    window = WindowSpec(batches=4, gap=1, at_least=3)
    return House(house.root, house.ports, house.spec.model_copy(update={"window": window}))


def test_a_champion_that_learnt_from_the_gap_is_not_scored(house):
    house.crown(house.trained("first").register().version)  # learnt from January and February
    found = with_gap(house).trained("apart").evaluate()  # February keeps January and March apart
    assert (found.champion, found.champion_saw_holdout) == (1, True)


def test_a_champion_knows_of_the_gap_no_more_than_the_candidate(house):
    old = house.trained("first")
    house.crown(old.register().version)
    house.accept(4)
    evidence, raw = evidence_in(house, with_gap(house).trained("apart").evaluate().evidence), month(4)
    predictor = predictor_of(house, old.candidate)
    honest = predictor.score(predictor.code.features(raw, predictor.code.history(pd.concat([month(1), month(2)]))))
    np.testing.assert_allclose(evidence.champion, honest[raw["late"].notna()], rtol=1e-6)
    assert not np.array_equal(evidence.champion, predictor.predict(raw)[raw["late"].notna()])


def test_another_champion_since_means_another_evaluation(house):
    old, new = house.trained("first"), house.trained("second")
    assert new.evaluate().champion is None
    house.crown(old.register().version)
    assert new.evaluate().champion == 1


def test_after_the_gates_have_spoken_the_evidence_stays(house):
    old, new = house.trained("first"), house.trained("second")
    judged = new.judge()
    house.crown(old.register().version)
    assert new.evaluate().evidence == judged.evidence
    assert new.judge() == judged


def test_a_champion_whose_rows_are_others_cannot_be_compared(house):
    old = house.trained("first")
    house.crown(old.register().version)
    house.accept(4)
    house.code(CODE.replace('tables["trips"]', 'tables["trips"].iloc[1:]'))
    with pytest.raises(SpecError, match="champion 1 makes 560 rows where the new one makes 559"):
        house.trained("shorter").evaluate()
    house.code(CODE.replace('tables["trips"]', 'tables["trips"].iloc[::-1]'))
    with pytest.raises(SpecError, match="champion 1 makes its rows in another order"):
        house.trained("turned").evaluate()


def test_a_regression_has_its_own_metrics_and_pictures(tmp_path, mlflow):
    house = build(tmp_path, mlflow.url, "regression")
    house.accept(1, 2, 3, task="regression")
    trained = house.trained("first")
    found = trained.evaluate()
    assert found.metrics["candidate"]["mae"] < found.metrics["baseline"]["mae"]
    assert evidence_in(house, found.evidence).baseline_median is not None
    client = mlflow_library.MlflowClient(mlflow.url)
    plots = {file.path for file in client.list_artifacts(trained.candidate.mlflow_run, "plots")}
    assert {"plots/predicted_and_actual.png", "plots/residuals_by_hour.png"} <= plots
    assert LABEL not in found.metrics
