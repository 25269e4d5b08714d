"""The main job in real Airflow: batches land, a champion serves, bad input harms nothing, and there is a way back."""

import json
import re
import shutil

import httpx
import pytest
from playwright.sync_api import expect

from everfit.ledger.entries import (
    BatchDuplicate,
    BatchQuarantined,
    CandidateJudged,
    Deployed,
    ModelRegistered,
    RolledBack,
    RunTriggered,
)
from everfit.registry.mlflow import MlflowRegistry
from tests.e2e import browser
from tools.local.errors import StackError

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(600)]
NOTE = "A person asked for this run, in a browser."
MODELS = ("flight_delays", "flight_minutes")
FIRST = ("2013-01", "2013-02", "2013-03")


def registry(running, tmp_path) -> MlflowRegistry:
    return MlflowRegistry(f"http://127.0.0.1:{running.stack.ports.mlflow}", tmp_path / "mlflow")


def sample(running, model: str) -> dict:
    """The rows and scores that the champion was checked with."""
    view = running.view(model)
    judged = view.judged(
        next(e.body.judged for e in view.of(ModelRegistered) if e.body.version.version == view.champion)
    )
    return json.loads((running.stack.paths.store / judged.sample.key).read_text())


def champion(running, model: str) -> int | None:
    view = running.view(model)
    return view.champion if view.of(Deployed) and running.idle() else None


@pytest.fixture(scope="module")
def served(running):
    """Both models serve a first champion, made from nothing but landed months."""
    there = running.stack.paths.landing / "flights"
    running.land(*(month for month in FIRST if not (there / month).exists()))
    for model in MODELS:
        running.until(lambda model=model: champion(running, model), f"a champion of {model}", timeout=300)
    return running


def test_both_models_serve_and_answer_over_http_as_offline(served, tmp_path):
    for model in MODELS:
        view = served.view(model)
        kept = sample(served, model)
        answer = served.predict(model, kept["rows"][:50]).json()
        assert answer["version"] == view.champion == registry(served, tmp_path).alias(model, "champion")
        assert answer["predictions"] == pytest.approx(kept["scores"][:50], abs=1e-6)
        assert [batch.partition for _, batch in view.batches] == list(FIRST)


def test_training_ran_in_the_gpu_pool_and_queue(served):
    run = next(r for r in served.airflow.runs("flight_delays_train") if r.state == "success")
    tasks = served.airflow.get(f"/dags/flight_delays_train/dagRuns/{run.id}/taskInstances")["task_instances"]
    train = next(task for task in tasks if task["task_id"] == "train")
    assert (train["pool"], train["queue"]) == ("gpu", "gpu")
    assert served.airflow.get("/pools/gpu")["slots"] == 1


def test_the_mlflow_run_holds_the_whole_lineage(served, tmp_path):
    from mlflow import MlflowClient

    view = served.view("flight_delays")
    version = view.versions[view.champion]
    client = MlflowClient(f"http://127.0.0.1:{served.stack.ports.mlflow}")
    run = client.get_run(version.mlflow_run)
    trained = view.trained_on(view.champion)
    assert run.info.status == "FINISHED"
    assert any(one.dataset.digest == trained.snapshot for one in run.inputs.dataset_inputs)
    assert {"max_depth", "rounds"} <= {name.split(".")[-1] for name in run.data.params}
    curves = [name for name in run.data.metrics if len(client.get_metric_history(run.info.run_id, name)) > 10]
    assert curves, "no metric over the rounds"
    artifacts = list(_artifacts(client, run.info.run_id))
    assert any(path.endswith(".png") for path in artifacts)
    assert not [path for path in artifacts if re.search(r"\.(pkl|pickle|joblib|cloudpickle)$", path)]


def _artifacts(client, run_id, folder=None):
    for one in client.list_artifacts(run_id, folder):
        if one.is_dir:
            yield from _artifacts(client, run_id, one.path)
        else:
            yield one.path


def test_task_pages_link_to_the_mlflow_run_and_to_reports_behind_the_login(served):
    run = next(r for r in served.airflow.runs("flight_delays_train") if r.state == "success")
    links = served.airflow.get(f"/dags/flight_delays_train/dagRuns/{run.id}/taskInstances/judge/links")["extra_links"]
    found = httpx.get(links["MLflow run"], trust_env=False, timeout=30)
    assert found.status_code == httpx.codes.OK
    ingest = next(r for r in served.airflow.runs("flight_delays_ingest") if r.state == "success")
    links_of_batch = served.airflow.get(
        f"/dags/flight_delays_ingest/dagRuns/{ingest.id}/taskInstances/batch.validate/links", map_index=0
    )["extra_links"]
    for report in (links["Report"], links_of_batch["Report"], links_of_batch["Data Docs"]):
        url = f"http://127.0.0.1:{served.stack.ports.airflow}{report}"
        assert httpx.get(url, trust_env=False, timeout=30).status_code == httpx.codes.UNAUTHORIZED
        page = httpx.get(url, headers={"Authorization": _token(served)}, trust_env=False, timeout=30)
        assert page.status_code == httpx.codes.OK
        assert "<html" in page.text


def test_the_models_page_shows_decisions_only_to_who_is_logged_in(served):
    for path, words in {"/everfit/": "flight_delays", "/everfit/models/flight_delays": "is the champion"}.items():
        url = f"http://127.0.0.1:{served.stack.ports.airflow}{path}"
        assert httpx.get(url, trust_env=False, timeout=30).status_code == httpx.codes.UNAUTHORIZED
        assert words in httpx.get(url, headers={"Authorization": _token(served)}, trust_env=False, timeout=30).text


def _token(running) -> str:
    return running.airflow._http.headers["Authorization"]


def test_a_month_delivered_again_unchanged_does_nothing(served):
    before = len(served.airflow.runs("flight_delays_train"))
    known = {model: len(served.view(model).of(BatchDuplicate)) for model in MODELS}
    shutil.rmtree(served.stack.paths.landing / "flights" / "2013-03")
    served.land("2013-03")
    for model in MODELS:
        served.until(
            lambda model=model: len(served.view(model).of(BatchDuplicate)) == known[model] + 1,
            f"{model} knows the month again",
        )
    assert len(served.airflow.runs("flight_delays_train")) == before


def test_a_truncated_month_is_quarantined_with_its_report_and_the_champion_stays(served):
    served.land("2013-04")
    served.until(
        lambda: [b for _, b in served.view("flight_delays").batches if b.partition == "2013-04"], "April accepted"
    )
    served.until(served.idle, "the runs that April started are over", timeout=300)
    before = served.view("flight_delays").champion
    flights = served.stack.paths.landing / "flights" / "2013-05"
    shutil.copytree(served.stack.paths.landing / "flights" / "2013-04", flights)
    (flights / "_SUCCESS").unlink()
    data = (flights / "flights.parquet").read_bytes()
    (flights / "flights.parquet").write_bytes(data[: len(data) // 2])
    (flights / "_SUCCESS").touch()
    (refused,) = served.until(lambda: served.view("flight_delays").of(BatchQuarantined), "the half month refused")
    kept = served.stack.paths.store / refused.body.quarantine / "flights.parquet"
    assert kept.read_bytes() == data[: len(data) // 2]
    assert (served.stack.paths.store / refused.body.report).exists()
    assert served.view("flight_delays").champion == before


def test_a_form_field_out_of_range_is_refused_before_there_is_a_run(served):
    before = len(served.airflow.runs("flight_delays_train"))
    with pytest.raises(StackError, match=r"400.*batches"):
        served.airflow.trigger("flight_delays_train", {"batches": 100_000})
    with pytest.raises(StackError, match=r"400.*device"):
        served.airflow.trigger("flight_delays_train", {"device": "abacus"})
    assert len(served.airflow.runs("flight_delays_train")) == before


def test_a_field_that_the_form_does_not_have_fails_the_first_task_with_a_hint(served):
    before = len(served.view("flight_delays").of(RunTriggered))
    run = served.airflow.trigger("flight_delays_train", {"devise": "cpu", "force": True})
    assert served.finished(run.dag, run.id).state == "failed"
    (first,) = [t for t in served.airflow.task_instances(run.dag, run.id) if t.task == "resolve_snapshot"]
    assert "did you mean 'device'" in served.airflow.log(first)
    assert first.tries == 1, "a wrong form is not tried again"
    assert len(served.view("flight_delays").of(RunTriggered)) == before


def test_a_run_by_hand_with_nothing_new_is_skipped(served):
    idle = served.airflow.trigger("flight_delays_train", {})
    served.finished(idle.dag, idle.id)
    states = {t.task: t.state for t in served.airflow.task_instances(idle.dag, idle.id)}
    assert set(states.values()) == {"skipped"}


def test_a_person_forces_a_run_in_a_browser_and_sees_what_became_of_it(served):
    """The form, the run, the reports, MLflow's page of the run, and who is the champion now."""
    with browser.opened(served.stack.airflow_url) as page:
        browser.log_in(page, "/dags/flight_delays_train", "admin", served.stack.credentials.password)
        expect(page.get_by_role("heading", name="flight_delays_train")).to_be_visible()
        browser.fill_in_the_form(page, batches=3, device="cpu", note=NOTE)
        browser.keep(page, "trigger-form")
        run = browser.start(page)
        browser.see_it_succeed(page, run)
        browser.keep(page, "finished-run")

        asked = served.view("flight_delays").triggers[-1].body
        said = (asked.why, asked.by, asked.note, asked.forced, asked.device, len(asked.batches))
        assert said == ("a person", "admin", NOTE, True, "cpu", 3)

        browser.open_the_report(page, run)
        browser.keep(page, "gates-report")
        browser.open_mlflow(page, run, asked.run)
        served.until(served.idle, "whatever the run started is over")
        browser.see_the_champion(page, served.view("flight_delays").champion)
        browser.keep(page, "everfit-page")
        browser.see_the_decisions(page, NOTE)
        browser.keep(page, "everfit-model")


def test_mlflow_down_harms_nothing_and_the_run_goes_on_once_it_is_back(served, tmp_path):
    view = served.view("flight_delays")
    kept = sample(served, "flight_delays")
    served.kill("mlflow")
    run = served.airflow.trigger("flight_delays_train", {"force": True, "note": "while MLflow is down"})

    def waiting():
        tasks = {t.task: t for t in served.airflow.task_instances(run.dag, run.id)}
        return tasks["train"] if "train" in tasks and tasks["train"].state == "up_for_retry" else None

    task = served.until(waiting, "the training task waits for another try")
    assert "MLflow" in served.airflow.log(task)
    assert served.view("flight_delays").champion == view.champion
    assert served.predict("flight_delays", kept["rows"][:5]).json()["predictions"] == pytest.approx(kept["scores"][:5])
    from tools.local.stack import up

    up(str(served.stack.paths.state))
    assert served.finished(run.dag, run.id, timeout=200).state == "success"
    served.until(served.idle, "the deployment is over")
    after = served.view("flight_delays")
    assert len(after.of(CandidateJudged)) == len(view.of(CandidateJudged)) + 1
    assert registry(served, tmp_path).alias("flight_delays", "champion") == after.champion


def test_one_click_goes_back_to_the_champion_before(served, tmp_path):
    if served.view("flight_minutes").previous is None:
        run = served.airflow.trigger("flight_minutes_train", {"force": True, "note": "a version to come back from"})
        served.finished(run.dag, run.id)
        served.until(lambda: served.idle() and served.view("flight_minutes").previous, "a second champion")
    view = served.view("flight_minutes")
    run = served.airflow.trigger("flight_minutes_rollback", {"reason": "the test wants to go back"})
    assert served.finished(run.dag, run.id).state == "success"
    after = served.view("flight_minutes")
    assert after.champion == view.previous
    assert after.of(RolledBack)[-1].body.reason == "the test wants to go back"
    assert registry(served, tmp_path).alias("flight_minutes", "champion") == view.previous
    kept = sample(served, "flight_minutes")
    assert served.predict("flight_minutes", kept["rows"][:2]).json()["version"] == view.previous
