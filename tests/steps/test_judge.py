"""Gates decide, the ledger keeps it, and only what the ledger permits becomes a version."""

import json
from dataclasses import replace

import mlflow as mlflow_library
import pytest

from everfit.errors import Corrupted, LedgerError, StaleHead, Unreachable
from everfit.ledger.entries import CandidateJudged, ModelRegistered
from everfit.registry import MlflowRegistry
from everfit.steps.card import report_key
from everfit.steps.judge import judge
from everfit.steps.register import register
from everfit.values import Outcome, load
from everfit.values import Verdict as VerdictType
from tests.steps.judging import GATES, House, Trained, build

IMPOSSIBLE = [*GATES["binary"][:1], {"above_bar": {"metric": "auc", "at_least": 0.99}}]


@pytest.fixture
def house(tmp_path, mlflow) -> House:
    made = build(tmp_path, mlflow.url)
    made.accept(1, 2, 3)
    return made


@pytest.fixture(scope="module")
def good(tmp_path_factory, mlflow) -> Trained:
    """A first model that passes, shared by the tests that do not need one of their own."""
    made = build(tmp_path_factory.mktemp("good"), mlflow.url)
    made.accept(1, 2, 3)
    return made.trained("first")


@pytest.fixture(scope="module")
def poor(tmp_path_factory, mlflow) -> Trained:
    """A model that fails one of its gates."""
    made = build(tmp_path_factory.mktemp("poor"), mlflow.url, gates=IMPOSSIBLE)
    made.accept(1, 2, 3)
    return made.trained("first")


def with_gates(house: House, gates) -> House:
    fields = {name: getattr(house.spec, name) for name in type(house.spec).model_fields}
    return House(house.root, house.ports, type(house.spec)(**(fields | {"gates": gates})))


def test_a_good_first_model_passes_all_gates(good, mlflow):
    judgement = good.judge()
    assert [v.outcome for v in judgement.verdicts] == [Outcome.PASSED] * 4, judgement.reason
    assert (judgement.promote, judgement.champion) == (True, None)
    assert judgement.reason == "all 4 gates passed"
    (entry,) = good.house.ledger.view().of(CandidateJudged)
    assert (entry.seq, entry.key) == (judgement.entry, "judged:first")
    assert (entry.body.verdicts, entry.body.evidence) == (judgement.verdicts, judgement.evidence)


def test_what_was_said_is_in_the_mlflow_run_and_on_a_page(good, mlflow, tmp_path):
    judgement = good.judge()
    client = mlflow_library.MlflowClient(mlflow.url)
    run = client.get_run(good.candidate.mlflow_run)
    assert run.data.metrics["promote"] == 1
    assert run.data.metrics["gate_above_bar_low"] == pytest.approx(judgement.verdicts[1].low)
    assert run.data.tags["everfit.reason"] == "all 4 gates passed"
    folder = client.download_artifacts(good.candidate.mlflow_run, "judgement", str(tmp_path))
    said = json.loads((tmp_path / "judgement" / "verdicts.json").read_text())
    assert tuple(load(VerdictType, one) for one in said) == judgement.verdicts
    page = good.house.ports.store.read(report_key(good.house.spec.name, "first")).decode()
    assert (tmp_path / "judgement" / "card.html").read_text() == page, folder
    assert "is <em>to be promoted</em>" in page
    assert page.count('class="interval-of"') == 2
    assert "http" not in page.replace("http-equiv", "")


def test_one_gate_that_fails_keeps_it_back(poor):
    judgement = poor.judge()
    assert not judgement.promote
    assert judgement.reason.startswith("1 of 2 gates did not pass. above_bar failed: AUC is 0.")
    page = poor.house.ports.store.read(report_key(poor.house.spec.name, "first")).decode()
    assert "is <em>kept back</em>" in page


def test_a_gate_that_cannot_tell_keeps_it_back(house):
    trained = house.trained("first")
    auc = trained.evaluate().metrics["candidate"]["auc"]
    gates = [{"above_bar": {"metric": "auc", "at_least": round(auc, 3)}}]
    judgement = with_gates(house, gates).trained("first").judge()
    assert judgement.verdicts[0].outcome is Outcome.CANNOT_TELL
    assert not judgement.promote
    assert "above_bar cannot tell" in judgement.reason


def test_a_model_of_which_nothing_is_asked_is_not_promoted(house):
    judgement = with_gates(house, []).trained("first").judge()
    assert not judgement.promote
    assert "names no gate" in judgement.reason


def test_asked_again_it_says_the_same_even_if_the_bar_has_moved(good):
    evaluation = good.evaluate()
    first = judge(good.house.ports, good.house.spec, evaluation)
    page = good.house.ports.store.read(report_key(good.house.spec.name, "first"))
    assert judge(good.house.ports, with_gates(good.house, IMPOSSIBLE).spec, evaluation) == first
    assert len(good.house.ledger.view().of(CandidateJudged)) == 1
    assert good.house.ports.store.read(report_key(good.house.spec.name, "first")) == page


def test_a_new_champion_makes_the_evaluation_stale(house):
    old, new = house.trained("first"), house.trained("second")
    evaluation = new.evaluate()
    house.crown(old.register().version)
    with pytest.raises(StaleHead, match="evaluated against no champion, but the champion is now version 1"):
        judge(house.ports, house.spec, evaluation)
    assert new.judge().champion == 1


def test_a_run_is_judged_once_and_not_for_another_model(good):
    good.judge()
    other = replace(good.evaluate(), candidate=replace(good.candidate, files=good.candidate.files[:-1]))
    with pytest.raises(LedgerError, match="has judged the run first already, with another model"):
        judge(good.house.ports, good.house.spec, other)


def test_evidence_that_was_changed_is_not_judged(house):
    evaluation = house.trained("first").evaluate()
    house.ports.store.write(evaluation.evidence.key, b"other bytes")
    fresh = type(house.ports.store)(house.root / "store")
    with pytest.raises(Corrupted, match=r"evidence/.*/first\.parquet"):
        judge(replace(house.ports, store=fresh), house.spec, evaluation)
    assert not house.ledger.view().of(CandidateJudged)


def test_a_version_carries_its_lineage(good, mlflow):
    version = good.register()
    assert (version.version, version.files) == (1, good.candidate.files)
    tags = mlflow_library.MlflowClient(mlflow.url).get_model_version(good.house.spec.name, "1").tags
    assert tags["everfit.snapshot"] == good.snapshot.id
    assert tags["everfit.batches"].split() == [f"{b.label}:{b.sha256}" for b in good.snapshot.batches]
    assert good.house.ports.registry.alias(good.house.spec.name, "challenger") == 1
    assert good.house.ports.registry.alias(good.house.spec.name, "champion") is None


def test_registered_again_it_is_the_same_version(good):
    assert good.register() == good.register()
    assert len(good.house.ledger.view().of(ModelRegistered)) == 1


def test_a_candidate_that_was_kept_back_is_not_registered(poor):
    judgement = poor.judge()
    with pytest.raises(LedgerError, match="run first is not to be registered: 1 of 2 gates did not pass"):
        register(poor.house.ports, poor.house.spec, judgement)
    with pytest.raises(LedgerError, match="run first is not to be registered"):
        register(poor.house.ports, poor.house.spec, replace(judgement, promote=True))
    assert poor.house.ports.registry.alias(poor.house.spec.name, "challenger") is None


def test_a_judgement_of_another_model_permits_nothing(house):
    one, two = house.trained("first").judge(), house.trained("second").judge()
    with pytest.raises(LedgerError, match="judges run first, not this model of run second"):
        register(house.ports, house.spec, replace(two, entry=one.entry))


def test_with_mlflow_down_nothing_is_half_registered(house):
    trained = house.trained("first")
    judgement = trained.judge()
    away = replace(house.ports, registry=MlflowRegistry("http://127.0.0.1:9", house.root / "elsewhere"))
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        register(away, house.spec, judgement)
    assert not house.ledger.view().of(ModelRegistered)
    assert trained.register().version == 1
