"""What people read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.alerts.office import BEGIN, Office, Readers

WHOLE = """\
Batch 2013-06 was refused
  warning; new, since 2013-06-02 00:00 UTC (less than a minute)
  What happened: It was refused and is kept in quarantine: no rows. Training goes on without it.
  What to do: Read the report. If the data are wrong, have the source deliver them again; if they are right, change \
the expectations and deliver them again.
  Evidence: entry 5 of the ledger
  https://airflow.example/everfit/reports/2013-06-6.html

Batch 2013-05 was refused
  over; it began on 2013-06-01 00:00 UTC

All decisions: https://airflow.example/everfit/models/flight_delays
everfit alerts flight_delays
"""


def test_the_whole_message():
    office, mail = Office(), Readers()
    office.refuse("2013-05")
    office.look(mail)
    office.accept("2013-05")
    office.wait(days=1)
    office.refuse("2013-06")
    (message,) = office.look(mail)
    assert message.text == WHOLE
    assert message.title == "flight_delays: batch 2013-06 was refused (and 1 more)"
    assert (message.severity, message.id) == ("warning", "flight_delays/6")
    unknown = replace(message, site="")
    assert "http" not in unknown.text + unknown.html.replace("http-equiv", "")
    assert unknown.page == ""


def test_how_bad_it_is_stands_in_front():
    office, mail = Office(deadline="1d"), Readers()
    office.accept("2013-05")
    for days in (2, 1):
        office.wait(days=days)
        office.look(mail)
    assert mail.titles == [
        "flight_delays: CRITICAL: no fresh champion for 2 days",
        "flight_delays: still: no fresh champion for 3 days",
    ]
    assert mail.read[1].now - BEGIN == timedelta(days=3)
