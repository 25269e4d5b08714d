"""Channels, with a real mail server and a real webhook at their end: what arrives, and that no secret leaks."""

from __future__ import annotations

import logging
import re
import traceback

import pytest
from airflow.sdk import BaseNotifier

from everfit.errors import SpecError, Unreachable
from everfit_airflow.channels import AppriseChannel, channels
from tests.alerts.office import Office, Readers
from tests.alerts.post import mail_server, page_in, webhook

SECRETS = ("t0k3n", "hunter2", "pa@ss", "pa%40ss")


class Webhook(BaseNotifier):
    """A notifier as a provider has it: its templates are rendered in place."""

    template_fields = ("said",)

    def __init__(self, said: str, to: list[str]) -> None:
        super().__init__()
        self.said, self.to = said, to

    def notify(self, context) -> None:
        self.to.append(self.said)


@pytest.fixture
def office() -> Office:
    office = Office(deadline="1d")
    office.refuse("2013-05", "dep_delay: 3 rows beyond 2,000 <minutes>")
    office.wait(days=2)
    return office


def test_a_mail_is_a_page_that_a_person_can_read(office):
    with mail_server() as post:
        url = f"mailto://ann:hunter2@127.0.0.1:{post.port}?to=team@example.org&from=everfit@example.org&mode=insecure"
        office.look(*channels([url], [], {}))
    (mail,) = post.came
    assert mail["subject"] == "flight_delays: CRITICAL: no fresh champion for 2 days (and 1 more)"
    assert mail["to"] == "team@example.org"
    page = page_in(mail)
    assert "dep_delay: 3 rows beyond 2,000 &lt;minutes&gt;." in page
    assert re.search(r'href="https://airflow.example/everfit/reports/2013-05-\d+.html"', page)
    assert 'href="https://airflow.example/everfit/models/flight_delays"' in page
    assert "What to do" in page


def test_a_webhook_gets_text_and_what_it_can_sort_by(office):
    with webhook() as post:
        office.look(*channels([f"json://127.0.0.1:{post.port}/hooks/t0k3n"], [], {}))
    ((path, said),) = post.came
    assert path == "/hooks/t0k3n"
    assert said["type"] == "failure"
    assert said["title"] == "flight_delays: CRITICAL: no fresh champion for 2 days (and 1 more)"
    assert said["message"].splitlines()[0] == "No fresh champion for 2 days"


def test_a_notifier_renders_its_templates_anew_for_each_message(office):
    said: list[str] = []
    found = channels([], [Webhook("{{ ti }}: {{ alert.title }} {{ alert.incidents[0] }}", said)], {"ti": "task"})
    office.look(*found)
    office.accept("2013-05")
    office.look(*found)
    assert said == [
        "task: flight_delays: CRITICAL: no fresh champion for 2 days (and 1 more) no_fresh_champion",
        "task: flight_delays: over: batch 2013-05 was refused data_refused:2013-05",
    ]


def test_a_notifier_that_fails_is_unreachable_and_the_others_are_told(office):
    def broken(context) -> None:
        raise OSError("https://hooks.example/t0k3n did not answer")

    mail = Readers()
    with pytest.raises(Unreachable, match="broken: it failed with OSError; the log has its words") as caught:
        office.look(*channels([], [broken], {}), mail)
    assert len(mail.read) == 1
    assert_no_secret("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("json://ann:hunter2@127.0.0.1:{port}/hooks/t0k3n?+X-Key=t0k3n", "error=403"),
        ("json://ann:pa%40ss@127.0.0.1:9/hooks/t0k3n", "A Connection error occurred"),
        ("mailto://ann:hunter2@127.0.0.1:{mail}?to=a@b.de&from=x@y.de&mode=insecure", "Connection error|did not take"),
    ],
)
def test_no_secret_leaks_when_a_service_says_no(office, url, words, caplog):
    with webhook() as post, mail_server() as mail, caplog.at_level(logging.DEBUG):
        post.refuses = mail.refuses = True
        address = url.format(port=post.port, mail=mail.port)
        with pytest.raises(Unreachable, match=f"(?s)1 of 1 channels were not reached.*({words})") as caught:
            office.look(*channels([address], [], {}))
    assert post.came == mail.came == []
    assert_no_secret("".join(traceback.format_exception(caught.value)))
    assert_no_secret(caplog.text + "".join(str(entry.body) for entry in office.view.entries))
    assert_no_secret(repr(channels([address], [], {})))


@pytest.mark.parametrize("url", ["maito://ann:hunter2@example.org", "hunter2", "slack://t0k3n/t0k3n"])
def test_an_address_that_apprise_does_not_know_is_said_without_itself(office, url):
    with pytest.raises(SpecError, match=r"Apprise does not understand this .* begins with (maito|url|slack)") as caught:
        channels([url], [], {})[0].send(office.look(Readers())[0])
    assert_no_secret("".join(traceback.format_exception(caught.value)))


def test_channels_are_called_by_their_kind_and_never_alike():
    urls = ["mailto://a:hunter2@b.de", "json://c", "mailto://d:hunter2@e.de"]
    found = channels(urls, [Webhook("", []), print, Webhook("", [])], {})
    assert [one.name for one in found] == ["Webhook", "print", "Webhook_2", "mailto", "json", "mailto_2"]
    assert [one.url for one in found if isinstance(one, AppriseChannel)] == urls


def assert_no_secret(said: str) -> None:
    assert [secret for secret in SECRETS if secret in said] == []
