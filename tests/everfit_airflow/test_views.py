"""The pages under /everfit, made from a real ledger in a local store that Airflow connections point to."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from everfit.ledger import Ledger
from everfit.ledger.entries import (
    BatchAccepted,
    BatchDuplicate,
    BatchLate,
    BatchQuarantined,
    BatchRecalled,
    CandidateJudged,
    ModelRegistered,
    Monitored,
    Promoted,
    RollbackRehearsed,
    RowsErased,
    RunTriggered,
)
from everfit.signals import Signal
from everfit.steps.line import look, take_place
from everfit.stores import LocalStore
from everfit.testing.fakes import TickingClock
from everfit.values import Batch, ModelVersion, Outcome, StoredFile, Verdict, Withheld
from everfit_airflow.views.app import app
from tests.steps.queueing import hall, spec_of

FILE = StoredFile("evidence/e", "0" * 64)
RESULTS = json.dumps(
    {
        "model": "flights",
        "partition": "2013-01",
        "at": "2013-02-01 05:00:00 UTC",
        "tables": [
            {
                "table": "flights",
                "answers": [
                    {
                        "success": True,
                        "expectation_config": {
                            "type": "expect_column_values_to_not_be_null",
                            "kwargs": {"column": "carrier"},
                        },
                        "result": {"element_count": 5, "unexpected_count": 0, "unexpected_percent": 0.0},
                    }
                ],
            }
        ],
    }
).encode()
GATES = (
    Verdict("above_bar", Outcome.PASSED, "AUC is 0.72", 0.72, 0.69, 0.75, 0.62, 2_786, wanted="above"),
    Verdict("answers_sanely", Outcome.PASSED, "2,786 finite scores"),
)


@pytest.fixture
def store(tmp_path, monkeypatch) -> LocalStore:
    """An empty store; Airflow's connections say where it is."""
    connections = {
        "store": {"conn_type": "fs", "extra": {"path": str(tmp_path / "store")}},
        "landing": {"conn_type": "fs", "extra": {"path": str(tmp_path / "landing")}},
        "mlflow": {"conn_type": "http", "host": "mlflow.example", "port": 5000},
        "server": {"conn_type": "http", "host": "server.example", "port": 8000},
    }
    for name, connection in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_EVERFIT_{name.upper()}", json.dumps(connection))
    monkeypatch.setenv("EVERFIT_WORK", str(tmp_path / "work"))
    return LocalStore(tmp_path / "store")


@pytest.fixture
def stranger(store) -> TestClient:
    return TestClient(app)


@pytest.fixture
def reader(store, monkeypatch) -> TestClient:
    """Somebody whom Airflow has let in."""
    (login,) = app.router.dependencies
    monkeypatch.setitem(app.dependency_overrides, login.dependency, lambda: None)
    return TestClient(app)


def batch(partition: str, sha256: str, version: int = 1) -> Batch:
    return Batch(partition, version, sha256 * 16, 2_700, (), "outs: []")


def accept(ledger: Ledger, one: Batch) -> None:
    report = f"reports/{ledger.model}/{one.partition}-{one.version}.html"
    ledger.append(f"arrival:{one.partition}:{one.version}", BatchAccepted(one, f"f{one.version}", report))


def serve(ledger: Ledger, *batches: Batch, note: str = "") -> None:
    """Batches come in, and a champion is made of them."""
    for one in batches:
        accept(ledger, one)
    ran = RunTriggered("run-1", "person", "ada", note, "5eed", batches, 1, (), forced=False, device="cpu")
    ledger.append("run:run-1", ran)
    verdict = CandidateJudged("run-1", "abc123", "5eed", (), None, True, "all 2 gates passed", GATES, FILE, FILE)
    judged = ledger.append("judged:run-1", verdict)
    ledger.append("registered:run-1", ModelRegistered(ModelVersion(ledger.model, 1, "abc123", ()), judged.seq))
    ledger.append("promoted:1", Promoted(1, None, judged.seq, 200, 0.0))


@pytest.fixture
def ledger(store) -> Ledger:
    return Ledger("flights", store, TickingClock())


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/models/flights",
        "/models/flights/lineage/1",
        "/reports/flights/a.html",
        "/data-docs/flights/a.html",
        "/frame.js",
    ],
)
def test_whoever_is_not_logged_in_sees_nothing_but_where_to_log_in(stranger, ledger, store, path):
    serve(ledger, batch("2013-01", "abcd"))
    store.write("reports/flights/a.html", b"<html>secret</html>")
    store.write("data-docs/flights/a.json", RESULTS.replace(b"carrier", b"secret"))
    page = stranger.get(path)
    assert page.status_code == 401
    assert "Sign in" in page.text
    assert "version 1" not in page.text
    assert "secret" not in page.text


def test_an_empty_store_says_how_to_begin(reader):
    assert "land a batch" in reader.get("/").text
    page = reader.get("/models/flights")
    assert page.status_code == 200
    assert "None has arrived yet." in page.text
    assert "None was made yet." in page.text


def test_the_champion_is_shown_with_its_data_its_gates_and_its_mlflow_run(reader, ledger):
    serve(ledger, batch("2013-01", "abcd"), batch("2013-02", "ef01"), note="first of all")
    assert "version 1" in reader.get("/").text
    page = reader.get("/models/flights").text
    assert "Why version 1 serves" in page
    assert "abcdabcdabcd</code>" in page
    assert page.index("learned from") < page.index("judged on")
    assert "by ada (person): first of all" in page
    assert 'href="http://mlflow.example:5000/#/runs/abc123"' in page
    assert 'href="../reports/flights/judged-run-1.html"' in page
    assert page.count("<svg") == 1, "a bar for the gate with an interval, none for the other"
    assert "at least 0.62" in page
    assert "corrected since" not in page


def test_the_champion_s_page_says_whether_going_back_would_work(reader, ledger):
    serve(ledger, batch("2013-01", "abcd"), batch("2013-02", "ef01"))
    assert "not rehearsed" not in reader.get("/models/flights").text
    body = CandidateJudged("run-1", "abc123", "5eed", (), 1, True, "all 2 gates passed", GATES, FILE, FILE)
    again = ledger.append("judged:against-1/run-1", body)
    ledger.append("registered:run-2", ModelRegistered(ModelVersion(ledger.model, 2, "abc123", ()), again.seq))
    ledger.append("promoted:2", Promoted(2, 1, again.seq, 200, 0.0))
    page = reader.get("/models/flights").text
    assert "Going back to version 1 was not rehearsed yet." in page
    assert 'href="../reports/flights/judged-against-1/run-1.html"' in page, "the judgement that it was promoted on"
    ledger.append("rehearsed:1", RollbackRehearsed(1, True, 1.25, "6 files are whole"))
    page = reader.get("/models/flights").text
    assert "way back works" in page
    assert "in 1.2 s: 6 files are whole (entry 10)" in page
    ledger.append("rehearsed:2", RollbackRehearsed(1, False, 1.25, "model.ubj is gone"))
    page = reader.get("/models/flights").text
    assert "no way back" in page
    assert "model.ubj is gone" in page
    assert "WOULD FAIL" in page


def test_the_lineage_of_a_version_is_drawn_and_may_do_nothing_but_be_read(reader, ledger):
    serve(ledger, batch("2013-01", "abcd"), batch("2013-02", "ef01"), note="<script>alert(1)</script>")
    assert 'href="flights/lineage/1"' in reader.get("/models/flights").text
    page = reader.get("/models/flights/lineage/1")
    for word in ("flights version 1", "2013-02", "judged on", "abcdabcdabcd", "above_bar"):
        assert word in page.text
    assert "<script" not in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    missing = reader.get("/models/flights/lineage/2")
    assert missing.status_code == 404
    assert "there is no version of flights" in missing.text


def test_a_batch_that_was_corrected_after_the_training_is_marked(reader, ledger):
    serve(ledger, batch("2013-01", "abcd"), batch("2013-02", "ef01"))
    accept(ledger, batch("2013-01", "9999", version=2))
    page = reader.get("/models/flights").text
    assert page.count("corrected since") == 1
    assert "2013-01 v2" in page


def looked(ledger: Ledger, name: str, outcome: Outcome, until: datetime, version: int = 1) -> None:
    """A look at a version, by one monitor."""
    signal = Signal("quality", outcome, "log loss is 8 % higher <b>", 0.08, 0.05, 0.11, 0.02)
    harm = outcome is Outcome.FAILED
    said = (
        ("concept_change", "retrain", "the concept changed: +0.031 <i>; retrain") if harm else ("none", "wait", "fine")
    )
    when = (until - timedelta(days=28), until)
    report = f"reports/{ledger.model}/monitor-{name}.html"
    ledger.append(f"monitored:{name}", Monitored(version, *when, 900, 800, 0.001, (signal,), *said, report, FILE))


def test_the_newest_look_says_what_is_wrong_since_when_and_what_to_do(reader, ledger):
    july = datetime(2013, 7, 1, tzinfo=UTC)
    serve(ledger, batch("2013-01", "abcd"))
    assert "Nobody has looked at version 1 in production yet." in reader.get("/models/flights").text
    looked(ledger, "a", Outcome.PASSED, july)
    page = reader.get("/models/flights").text
    assert "✓ healthy" in page
    assert "Version 1 of flights has been healthy since 2013-07-01." in page
    for week in (1, 2):
        looked(ledger, f"b{week}", Outcome.FAILED, july + timedelta(days=7 * week))
    page = reader.get("/models/flights").text
    assert "✗ harmed" in page
    assert "<b>Retrain.</b> The concept changed: +0.031 &lt;i&gt;." in page
    assert "harmed since 2013-07-08 (2 looks), found by quality." in page
    assert page.count('href="../reports/flights/monitor-b2.html"') == 2, "beside the champion, and as a decision"
    assert "Retrain. The concept changed" in reader.get("/").text


def test_a_look_at_another_version_says_nothing_of_this_one(reader, ledger):
    serve(ledger, batch("2013-01", "abcd"))
    looked(ledger, "a", Outcome.FAILED, datetime(2013, 7, 1, tzinfo=UTC), version=7)
    assert "Nobody has looked at version 1 in production yet." in reader.get("/models/flights").text


def test_batches_are_shown_with_their_verdict_reasons_and_report(reader, ledger):
    accept(ledger, batch("2013-01", "abcd"))
    why = ("flights: found no rows", "weather.temp: wanted numbers")
    refused = BatchQuarantined("2013-02", "f", "0bad" * 16, why, "reports/flights/2013-02-f.html", "quarantine/q")
    ledger.append("arrival:2013-02:f", refused)
    ledger.append("arrival:2013-01:g", BatchDuplicate("2013-01", "g", "abcd" * 16, 1))
    page = reader.get("/models/flights").text
    assert "quarantined" in page
    assert "flights: found no rows; weather.temp: wanted numbers" in page
    assert 'href="../reports/flights/2013-02-f.html"' in page
    assert "the same bytes as in entry 1" in page
    assert "Why version" not in page, "there is no champion"


def test_a_batch_that_was_taken_back_says_so_and_the_champion_is_still_shown(reader, ledger):
    serve(ledger, batch("2013-01", "a1b2"), batch("2013-02", "c3d4"))
    recalled = ledger.append("recall", BatchRecalled("2013-02", (2,), (1,), "the clocks were wrong", "ann"))
    erased = RowsErased("flights", "tailnum", "5a17", ("00",), 3, (1,), (0,), (1,), "request 17", "ann")
    seq = ledger.append("erase", erased).seq
    page = reader.get("/models/flights").text
    assert f"entry {recalled.seq}: the clocks were wrong" in page
    assert f"entry {seq}: rows erased, request 17" in page
    assert '<span class="pill">recalled</span>' in page
    assert '<span class="pill">replaced</span>' in page


def test_late_deliveries_and_withheld_rows_are_shown(reader, ledger):
    withheld = (Withheld("flights", 12, 2_712, FILE, ()),)
    report = "reports/flights/2013-01.html"
    accepted = BatchAccepted(batch("2013-01", "abcd"), "f", report, delivered="ef01" * 16, withheld=withheld)
    ledger.append("arrival:2013-01:f", accepted)
    since = datetime(2013, 3, 1, 6, tzinfo=UTC)
    ledger.append("late:2013-02:1", BatchLate("2013-02", "g", since, "3 of at least 500 rows"))
    page = reader.get("/models/flights").text
    assert "12 of 2,712 rows of flights withheld" in page
    assert '<span class="pill">late</span>' in page
    assert "since 2013-03-01 06:00:00: 3 of at least 500 rows" in page
    assert "1 arrived" in page, "a late delivery has not"


def test_what_others_wrote_is_shown_as_text_and_never_as_html(reader, ledger):
    evil = "<script>alert(1)</script>"
    serve(ledger, batch("2013-01", "abcd"), note=evil)
    ledger.append("arrival:x:f", BatchQuarantined(evil, "f", "00", (evil,), "reports/flights/x.html", "q"))
    for path in ("/", "/models/flights"):
        page = reader.get(path)
        assert evil not in page.text
        assert "&lt;script&gt;alert(1)" in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]


def test_a_broken_ledger_is_named_and_hides_no_other_model(reader, ledger, store):
    serve(ledger, batch("2013-01", "abcd"))
    other = Ledger("minutes", store, TickingClock())
    accept(other, batch("2013-01", "abcd"))
    accept(other, batch("2013-02", "abcd"))
    store.write("ledger/minutes/00000001.json", store.read("ledger/minutes/00000001.json").replace(b"2700", b"2701"))
    page = reader.get("/").text
    assert "broken" in page
    assert "version 1" in page
    one = reader.get("/models/minutes")
    assert one.status_code == 500
    assert "0000000" in one.text, "the file that is wrong is named"


def test_a_report_comes_from_the_store_and_may_do_nothing_but_be_read(reader, store):
    store.write("reports/flights/2013-01-f.html", b"<html>all checks passed</html>")
    page = reader.get("/reports/flights/2013-01-f.html")
    assert page.text == "<html>all checks passed</html>"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "sandbox" in policy
    assert "allow-scripts" not in policy


def test_great_expectations_own_page_is_made_for_who_asks(reader, store):
    store.write("data-docs/flights/2013-01-f.json", RESULTS)
    page = reader.get("/data-docs/flights/2013-01-f.html")
    assert page.status_code == 200
    assert "values must never be null" in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    assert reader.get("/data-docs/flights/2013-01-f.html").text == page.text


def test_results_that_are_none_are_told(reader, store):
    store.write("data-docs/flights/2013-01-f.json", b"{}")
    page = reader.get("/data-docs/flights/2013-01-f.html")
    assert page.status_code == 500
    assert "could not make a page of the results" in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/data-docs/../../secrets.html",
        "/data-docs/%2e%2e/ledger/secrets.html",
        "/data-docs/flights/2013-01-f.json",
        "/data-docs/flights/none.html",
        "/reports/../../secrets.html",
        "/reports/%2e%2e/ledger/secrets.html",
        "/reports/flights/..%2f..%2fsecrets.html",
        "/reports/%2fetc/secrets.html",
        "/reports/flights/secrets.json",
        "/reports/flights/none.html",
    ],
)
def test_no_other_file_can_be_read_as_a_report(reader, store, tmp_path, path):
    for place in ("secrets.html", "ledger/secrets.html", "reports/flights/secrets.json"):
        store.write(place, b"a secret")
    (tmp_path / "secrets.html").write_text("a secret")
    page = reader.get(path)
    assert page.status_code == 404
    assert "a secret" not in page.text


def test_a_missing_connection_is_explained(reader, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_EVERFIT_STORE")
    page = reader.get("/")
    assert page.status_code == 503
    assert "everfit_store" in page.text


def test_the_plugin_and_the_pages_import_nothing_heavy():
    heavy = ("boto3", "dvc", "great_expectations", "matplotlib", "mlflow", "pandas", "pyarrow", "scipy", "xgboost")
    for module, also in {"everfit_plugin": ("fastapi", "jinja2"), "everfit_airflow.views.app": ()}.items():
        code = (
            f"import sys, airflow.plugins_manager; old = set(sys.modules); import {module}; "
            f"print('found:', *[m for m in {(*heavy, *also)!r} if m in sys.modules and m not in old])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_env())
        assert done.stdout.splitlines()[-1] == "found:", f"{module}: {done.stdout}"


def _env() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_who_waits_for_a_pool_is_shown_with_the_reason_for_the_place(reader, store, tmp_path):
    assert "Waiting for" not in reader.get("/").text
    here = hall(tmp_path, store)
    here.now = datetime.now(UTC) - timedelta(hours=3)
    for model, why in {"killed": "a person", "called": "new data", "patient": "new data"}.items():
        here.accept(model, "2013-01", "2013-02")
        ticket = take_place(here.ports, spec_of(model), here.trigger(spec_of(model), why))
        if model != "killed":
            look(store, ticket, datetime.now(UTC))
    page = reader.get("/").text
    line = page[page.index("Waiting for the pool gpu") :]
    assert line.index(">called</a>") < line.index(">killed</a>") < line.index(">patient</a>")
    assert line.count("3 h 00 min") == 3
    assert line.count("gain 0.50 (100 % new rows, 50 % likely to help)") == 2
    assert "nobody answers for this run" in line
    assert [line.count(f">{state}</span>") for state in ("next", "waits", "passed over")] == [1, 1, 1]
