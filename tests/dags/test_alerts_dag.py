"""`everfit_alerts`, run by `DAG.test()`: people at a real mail server and a real webhook are told, once."""

from __future__ import annotations

import json

import pytest

from everfit.ledger import Ledger
from everfit.ledger.entries import AlertDue, Alerted, BatchQuarantined
from everfit.stores import open_store
from everfit.testing.fakes import TickingClock
from tests.alerts.post import mail_server, page_in, webhook

pytestmark = pytest.mark.airflow

DAG = """
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from everfit_airflow.dag.alerts import alerts_dag  # airflow finds the dag here

mail = SmtpNotifier(to="team@example.org", subject="{{ alert.title }}", html_content="{{ alert.html }}")
dag = alerts_dag(["flight_delays"], MAIL)
"""


@pytest.fixture
def ledger(tmp_path, connect) -> Ledger:
    """A model with a batch in quarantine."""
    connect()
    ledger = Ledger("flight_delays", open_store(str(tmp_path / "store")), TickingClock())
    reasons = ("dep_delay: 3 rows beyond 2,000",)
    ledger.append("refused", BatchQuarantined("2013-05", "f", "s", reasons, "reports/r.html", "quarantine/q"))
    return ledger


def state(run) -> str:
    (task,) = run.get_task_instances()
    return str(task.state)


@pytest.mark.usefixtures("airflow_db")
def test_a_notifier_and_an_address_are_each_told_once_and_a_dead_one_is_red(ledger, own_dag, monkeypatch, capfd):
    with mail_server() as mail, webhook() as hook:
        smtp = {"disable_ssl": True, "disable_tls": True, "from_email": "everfit@example.org"}
        smtp_connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": mail.port, "extra": smtp}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(smtp_connection))
        addresses = f"json://127.0.0.1:{hook.port}/t0k3n"
        connection = {"conn_type": "generic", "password": addresses}
        monkeypatch.setenv("AIRFLOW_CONN_EVERFIT_ALERTS", json.dumps(connection))
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/team")
        hook.refuses = True
        dag = own_dag(DAG.replace("MAIL", "[mail]"), "everfit_alerts")
        assert (dag.max_active_runs, dag.timetable.expression) == (1, "*/5 * * * *")
        assert state(dag.test()) == "failed"
        assert (len(mail.came), len(hook.came)) == (1, 0)
        assert mail.came[0]["subject"] == "flight_delays: batch 2013-05 was refused"
        assert 'href="https://airflow.example/team/everfit/reports/r.html"' in page_in(mail.came[0])
        hook.refuses = False
        assert state(dag.test()) == "failed"
        assert hook.came == []
    found = ledger.view()
    assert [entry.body.channel for entry in found.of(AlertDue)] == ["SmtpNotifier", "json"]
    assert [entry.body.channel for entry in found.of(Alerted)] == ["SmtpNotifier"]
    assert not any("t0k3n" in str(entry.body) for entry in found.entries)
    log = "".join(capfd.readouterr())
    assert "1 of 2 channels were not reached" in log
    assert "t0k3n" not in log


@pytest.mark.usefixtures("airflow_db")
def test_an_address_alone_is_enough_and_nobody_is_told_twice(ledger, own_dag, monkeypatch):
    dag = own_dag(DAG.replace("MAIL", "[]"), "everfit_alerts")
    assert state(dag.test()) == "skipped"
    with webhook() as hook:
        connection = {"conn_type": "generic", "password": f"json://127.0.0.1:{hook.port}/t0k3n"}
        monkeypatch.setenv("AIRFLOW_CONN_EVERFIT_ALERTS", json.dumps(connection))
        assert [state(dag.test()), state(dag.test())] == ["success", "skipped"]
        ((path, said),) = hook.came
    assert (path, said["title"]) == ("/t0k3n", "flight_delays: batch 2013-05 was refused")


def test_the_installation_has_it_for_all_models():
    from airflow.dag_processing.dagbag import DagBag

    from tests.dags.test_installation import PROJECT

    dag = DagBag(str(PROJECT / "dags" / "installation.py")).dags["everfit_alerts"]
    assert set(dag.task_ids) == {"flight_delays", "flight_minutes"}
    assert {task.retries for task in dag.tasks} == {0}
